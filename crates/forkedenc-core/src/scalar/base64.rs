//! Base64 with the standard alphabet and its padding (RFC 4648 section 4), strictly: no other characters, no missing or
//! surplus padding, and no bits set that are thrown away, so that bytes have one text.

use ::base64::Engine;
use ::base64::engine::general_purpose::STANDARD;

use super::Fault;

/// How many bytes a text stands for, if it stands for any.
pub fn decoded_length(text: &[u8]) -> Result<usize, Fault> {
    if !text.len().is_multiple_of(4) {
        return Err(Fault::Form);
    }
    let padding = text.iter().rev().take(2).take_while(|byte| **byte == b'=').count();
    Ok(text.len() / 4 * 3 - padding)
}

/// Fills `out`, which has the length that [`decoded_length`] says.
pub fn decode(text: &[u8], out: &mut [u8]) -> Result<(), Fault> {
    match STANDARD.decode_slice(text, out) {
        Ok(length) if length == out.len() => Ok(()),
        _ => Err(Fault::Form),
    }
}

/// The length of the text for so many bytes; none where memory could not hold it.
#[must_use]
pub fn encoded_length(bytes: usize) -> Option<usize> {
    bytes.div_ceil(3).checked_mul(4)
}

/// Fills `out`, which has the length that [`encoded_length`] says.
pub fn encode(bytes: &[u8], out: &mut [u8]) -> Result<(), Fault> {
    STANDARD.encode_slice(bytes, out).map(|_| ()).map_err(|_| Fault::Range)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<u8>, Fault> {
        let mut out = vec![0; decoded_length(text.as_bytes())?];
        decode(text.as_bytes(), &mut out)?;
        Ok(out)
    }

    #[test]
    fn bytes_of_every_length_read_back() {
        for length in 0..200 {
            let bytes: Vec<u8> = (0..length).map(|at| (at * 37 % 256) as u8).collect();
            let mut text = vec![0; encoded_length(bytes.len()).unwrap()];
            encode(&bytes, &mut text).unwrap();
            assert_eq!(read(std::str::from_utf8(&text).unwrap()), Ok(bytes));
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "YQ",
            "YQ=",
            "YQ===",
            "YR==",
            "YQ==\n",
            "-_-_",
            "Y Q=",
            "====",
            "=",
            "A===",
            "YQ==YQ==",
            "YW=h",
            "\u{e9}\u{e9}",
            "YWF=",
        ] {
            assert_eq!(read(text), Err(Fault::Form), "{text}");
        }
        assert_eq!(read(""), Ok(vec![]));
        assert_eq!(read("+/+/"), Ok(vec![0xfb, 0xff, 0xbf]));
    }
}
