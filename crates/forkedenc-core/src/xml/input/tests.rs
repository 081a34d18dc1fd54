//! Documents in every encoding, cut everywhere: the text, its places and what is wrong are those of a naive reading.

use encoding_rs::{BIG5, EUC_JP, EUC_KR, Encoding, GB18030, GBK, KOI8_R, SHIFT_JIS, WINDOWS_1252};

use super::*;
use crate::limits::NONE;

/// What a reading gave: the text, the place of each of its characters, and what is wrong.
#[derive(Debug, PartialEq)]
pub(super) struct Outcome {
    pub text: String,
    pub places: Vec<Place>,
    pub trouble: Option<Trouble>,
}

/// Reads a document in chunks of the given sizes, the last of them again and again.
fn read_with(mut input: Input, document: &[u8], sizes: &[usize]) -> Outcome {
    let (mut outcome, mut buffer) = (Outcome { text: String::new(), places: Vec::new(), trouble: None }, Vec::new());
    let (mut rest, mut turn) = (document, 0);
    loop {
        let size = sizes[turn.min(sizes.len() - 1)].min(rest.len());
        let (mut chunk, behind) = rest.split_at(size);
        (rest, turn) = (behind, turn + 1);
        let last = rest.is_empty();
        let mut more = true;
        while more {
            let filled = input.fill(&mut chunk, &mut buffer, last);
            let piece = &buffer[..filled.length];
            assert!(filled.length <= PIECE + 16);
            assert!(piece.is_empty() || buffer[filled.length..][..PADDING].iter().all(|byte| *byte == 0));
            let text = std::str::from_utf8(piece).unwrap();
            outcome.places.extend(text.char_indices().map(|(at, _)| input.place(piece, at)));
            outcome.text.push_str(text);
            assert!(input.place(piece, 0) == input.places.start());
            assert_eq!(input.place(piece, piece.len()).offset, input.read());
            if filled.trouble.is_some() {
                outcome.trouble = filled.trouble;
                assert_eq!(input.fill(&mut &b"x"[..], &mut buffer, false).trouble, filled.trouble);
                return outcome;
            }
            // A copy goes on as the original does.
            input = input.clone();
            input.consumed(piece);
            more = filled.more;
        }
        if last {
            assert_eq!(input.read(), document.len() as u64);
            return outcome;
        }
    }
}

pub(super) fn read(document: &[u8], sizes: &[usize], encodings: &Encodings) -> Outcome {
    read_with(Input::new(encodings, None, NONE, NONE), document, sizes)
}

/// Holds every way to cut a document in two, and into small pieces, against one chunk.
pub(super) fn read_all_ways(document: &[u8], encodings: &Encodings, forced: Option<&str>) -> Outcome {
    let input = || Input::new(encodings, forced, NONE, NONE);
    let whole = read_with(input(), document, &[document.len().max(1)]);
    let halves = (0..document.len().min(300)).map(|cut| vec![cut, document.len()]);
    for sizes in halves.chain([vec![1], vec![2], vec![3], vec![5], vec![64], vec![0, 1, 0, 2]]) {
        assert_eq!(read_with(input(), document, &sizes), whole, "{sizes:?} of {document:x?}");
    }
    whole
}

/// Text whose line ends, and characters of every length, meet.
const TEXT: &str = "<a b='é\r\n'>\r\n\r\r\nплом \r日本語ｶﾅ、\n\ré€\u{85}\u{fffd}\u{10000}𝒳😀😀x\r\n\r\n]]>\t</a>\r";

/// The text of a document and the place of each of its characters, from the source bytes of each.
fn naive<'t>(start: u64, characters: impl Iterator<Item = (char, usize)> + 't) -> (String, Vec<Place>) {
    let (mut text, mut places, mut place) = (String::new(), Vec::new(), Place { offset: start, ..Place::START });
    let mut after_cr = false;
    for (character, size) in characters {
        let is_end = matches!(character, '\r' | '\n');
        if !(after_cr && character == '\n') {
            text.push(if is_end { '\n' } else { character });
            places.push(place);
            place = if is_end {
                Place { line: place.line + 1, column: 1, ..place }
            } else {
                Place { column: place.column + 1, ..place }
            };
        }
        after_cr = character == '\r';
        place.offset += size as u64;
    }
    (text, places)
}

type Encode = Box<dyn Fn(char) -> Option<Vec<u8>>>;

fn by_table(encoding: &'static Encoding) -> Encode {
    Box::new(move |character| {
        let text = character.to_string();
        let (bytes, _, unmappable) = encoding.encode(&text);
        // What an encoding writes it need not read back as the same.
        let back = encoding.decode_without_bom_handling_and_without_replacement(&bytes)?;
        (!unmappable && back == text).then(|| bytes.to_vec())
    })
}

fn encoders() -> Vec<(&'static str, Encode)> {
    let units = |character: char| character.encode_utf16(&mut [0; 2]).to_vec();
    vec![
        ("UTF-8", Box::new(|character| Some(character.to_string().into_bytes()))),
        ("UTF-16LE", Box::new(move |c| Some(units(c).into_iter().flat_map(u16::to_le_bytes).collect()))),
        ("UTF-16BE", Box::new(move |c| Some(units(c).into_iter().flat_map(u16::to_be_bytes).collect()))),
        ("ISO-8859-1", Box::new(|character| Some(vec![u8::try_from(u32::from(character)).ok()?]))),
        ("us-ascii", Box::new(|character| character.is_ascii().then(|| vec![character as u8]))),
        ("windows-1252", by_table(WINDOWS_1252)),
        ("koi8-r", by_table(KOI8_R)),
        ("Shift_JIS", by_table(SHIFT_JIS)),
        ("EUC-JP", by_table(EUC_JP)),
        ("EUC-KR", by_table(EUC_KR)),
        ("Big5", by_table(BIG5)),
        ("GBK", by_table(GBK)),
        ("gb18030", by_table(GB18030)),
    ]
}

/// `text` with what the encoding does not have left out, and the bytes of each character.
fn encoded(text: &str, encode: &Encode) -> Vec<(char, Vec<u8>)> {
    text.chars().filter_map(|character| Some((character, encode(character)?))).collect()
}

#[test]
fn every_encoding_reads_the_same_however_it_is_cut() {
    for (name, encode) in encoders() {
        for mark in [false, true] {
            let declaration = format!("<?xml version='1.0'\r\n encoding='{name}' ?>");
            let head: Vec<_> = encoded(&declaration, &encode);
            let mut document = Vec::new();
            if mark && name.starts_with("UTF") {
                document.extend(encode('\u{feff}').unwrap());
            }
            let marked = document.len() as u64;
            let body = encoded(TEXT, &encode);
            document.extend(head.iter().chain(&body).flat_map(|(_, bytes)| bytes.iter().copied()));
            let outcome = read_all_ways(&document, &Encodings::all(None), None);
            let all = head.iter().chain(&body).map(|(character, bytes)| (*character, bytes.len()));
            let (text, places) = naive(marked, all);
            // The declaration is no part of the text; its CR LF is one character there.
            let skipped = declaration.len() - 1;
            assert_eq!(outcome.trouble, None, "{name}");
            assert_eq!(outcome.text, text[skipped..], "{name}");
            assert_eq!(outcome.places, places[skipped..], "{name}");
        }
    }
}

#[test]
fn a_given_encoding_counts_whatever_the_document_says() {
    for (name, encode) in encoders() {
        for declaration in ["", "<?xml version='1.0' encoding='nobody'?>", "<?xml version='1.0' encoding='UTF-16'?>"] {
            let source = encoded(&format!("{declaration}{TEXT}"), &encode);
            let document: Vec<u8> = source.iter().flat_map(|(_, bytes)| bytes.iter().copied()).collect();
            let outcome = read_all_ways(&document, &Encodings::default(), Some(name));
            let (text, places) = naive(0, source.iter().map(|(character, bytes)| (*character, bytes.len())));
            assert_eq!(outcome.trouble, None, "{name}");
            assert_eq!(outcome.text, text[declaration.len()..], "{name}");
            assert_eq!(outcome.places, places[declaration.len()..], "{name}");
        }
    }
    let unknown = read(b"<a/>", &[9], &Encodings::default()).trouble;
    assert_eq!(unknown, None);
    let mut input = Input::new(&Encodings::default(), Some("nobody"), NONE, NONE);
    let trouble = input.fill(&mut &b"<a/>"[..], &mut Vec::new(), true).trouble.unwrap();
    assert_eq!((trouble.kind, trouble.place), (Kind::UnknownEncoding, Place::START));
}

#[test]
fn a_given_encoding_passes_over_its_own_mark_alone() {
    let swapped = |bytes: Vec<u8>| bytes.chunks(2).flat_map(|unit| [unit[1], unit[0]]).collect::<Vec<u8>>();
    let bad = |offset: u64| Err((Kind::InvalidCharacter, offset));
    #[rustfmt::skip]
    let cases = [
        ("utf-8", "\u{feff}<a/>".into(), Ok("<a/>")), ("utf-8", utf16("\u{feff}<a/>"), bad(0)), ("utf-8", utf16("<a/>"), bad(1)),
        ("utf-16", utf16("\u{feff}<a/>"), Ok("<a/>")), ("utf-16", swapped(utf16("\u{feff}<a/>")), Ok("<a/>")), ("utf-16", utf16("<a/>"), Ok("<a/>")),
        ("utf-16", swapped(utf16("a")), Ok("a")), ("utf-16", utf16("ab"), Ok("\u{6100}\u{6200}")), ("utf-16le", utf16("ab"), Ok("ab")),
        ("utf-16le", utf16("\u{feff}a"), Ok("a")), ("utf-16be", utf16("\u{feff}a"), bad(0)), ("utf-16be", b"\xfe\xff\0<\0?".to_vec(), Ok("<?")),
        ("latin1", "\u{feff}a".into(), Ok("ï»¿a")), ("us-ascii", "\u{feff}a".into(), bad(0)),
    ];
    for (name, document, expected) in cases {
        let outcome = read_all_ways(&document, &Encodings::default(), Some(name));
        let found = outcome.trouble.map_or(Ok(outcome.text.as_str()), |found| Err((found.kind, found.place.offset)));
        assert_eq!(found, expected, "{name}, {document:x?}");
    }
}

#[test]
fn long_documents_go_piece_by_piece() {
    for (name, encode) in encoders() {
        for unit in ["\r\n", "a b c d e f g h i j k l m n\n", "😀é\r\n", "日x"] {
            let text = unit.repeat(70_000 / unit.len());
            let head = encoded(&format!("<?xml version='1.0' encoding='{name}'?>"), &encode);
            let body = encoded(&text, &encode);
            let document: Vec<u8> = head.iter().chain(&body).flat_map(|(_, bytes)| bytes.iter().copied()).collect();
            let all = head.iter().chain(&body).map(|(character, bytes)| (*character, bytes.len()));
            let (text, places) = naive(0, all);
            for size in [usize::MAX, 4097] {
                let outcome = read(&document, &[size], &Encodings::all(None));
                assert_eq!(outcome.trouble, None, "{name}");
                assert!(outcome.text == text[head.len()..], "{name} {unit:?} {size}");
                assert!(outcome.places == places[head.len()..], "{name} {unit:?} {size}");
            }
        }
    }
}

pub(super) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Documents, and what is wrong with them: kind, offset, line, column.
#[test]
fn what_is_wrong_is_said_where_it_stands() {
    use Kind::*;
    let cut = Incomplete(Open::Character);
    let sjis = |rest: &[u8]| [b"<?xml version='1.0' encoding='Shift_JIS'?>", rest].concat();
    let gb = |rest: &[u8]| [b"<?xml version='1.0' encoding='gb18030'?>", rest].concat();
    let latin = |rest: &[u8]| [b"<?xml version='1.0' encoding='latin1'?>", rest].concat();
    let ascii = |rest: &[u8]| [b"<?xml version='1.0' encoding='us-ascii'?>", rest].concat();
    #[rustfmt::skip]
    let cases: Vec<(Vec<u8>, Kind, u64, u64, u64)> = vec![
        (b"<a>\x01".to_vec(), InvalidCharacter, 3, 1, 4), (b"<a>\r\n\0".to_vec(), InvalidCharacter, 5, 2, 1),
        (b"\0".to_vec(), InvalidCharacter, 0, 1, 1), (b"\xff".to_vec(), InvalidCharacter, 0, 1, 1),
        (b"\xffx".to_vec(), InvalidCharacter, 0, 1, 1), (b"\xfe".to_vec(), InvalidCharacter, 0, 1, 1),
        (b"\xef\xbb".to_vec(), cut, 2, 1, 1), (b"\xef\xbbx".to_vec(), InvalidCharacter, 0, 1, 1),
        (b"<\xff".to_vec(), InvalidCharacter, 1, 1, 2), (b"<?x\xff".to_vec(), InvalidCharacter, 3, 1, 4),
        ("é\u{fffe}".as_bytes().to_vec(), InvalidCharacter, 2, 1, 2), ("é\u{ffff}\x01".as_bytes().to_vec(), InvalidCharacter, 2, 1, 2),
        (b"a\x01\xff".to_vec(), InvalidCharacter, 1, 1, 2), (b"a\xff\x01".to_vec(), InvalidCharacter, 1, 1, 2),
        (b"\n\xed\xa0\x80".to_vec(), InvalidCharacter, 1, 2, 1), (b"\xc0\xbc".to_vec(), InvalidCharacter, 0, 1, 1),
        (b"\xf4\x90\x80\x80".to_vec(), InvalidCharacter, 0, 1, 1), (b"\xf4\x90".to_vec(), InvalidCharacter, 0, 1, 1),
        (b"ab\xe2\x82".to_vec(), cut, 4, 1, 3), (b"ab\xe2(".to_vec(), InvalidCharacter, 2, 1, 3),
        (b"a\x7f\xc2\x80\x0b".to_vec(), InvalidCharacter, 4, 1, 4),
        (utf16("\u{feff}a\u{1}"), InvalidCharacter, 4, 1, 2), (utf16("\u{feff}a\r\n\u{fffe}"), InvalidCharacter, 8, 2, 1),
        ([utf16("\u{feff}a"), vec![0, 0xdc]].concat(), InvalidCharacter, 4, 1, 2),
        ([utf16("\u{feff}a"), vec![0, 0xd8, b'x', 0]].concat(), InvalidCharacter, 4, 1, 2),
        ([utf16("\u{feff}a"), vec![0, 0xd8]].concat(), cut, 6, 1, 2), ([utf16("<a"), vec![0, 0xd8, 0]].concat(), cut, 7, 1, 3),
        ([utf16("<"), vec![b'a']].concat(), cut, 3, 1, 2), ([utf16("\u{feff}\0<")].concat(), InvalidCharacter, 2, 1, 1),
        (vec![0, 0, 0xfe, 0xff, 0, 0, 0, b'<'], InvalidCharacter, 0, 1, 1), (vec![b'<', 0, 0, 0], InvalidCharacter, 2, 1, 2),
        (vec![0, 0, 0, b'<'], InvalidCharacter, 0, 1, 1),
        (sjis(b"\x93\xfa\x93"), cut, 45, 1, 44), (sjis(b"\x93\xfa\x93\xfa\x93\x20"), InvalidCharacter, 46, 1, 45),
        (sjis(b"\xb6\xa0"), InvalidCharacter, 43, 1, 44), (sjis(b"\x93\xfa\r\n\xfd\xfa"), InvalidCharacter, 46, 2, 1),
        (sjis(b"\x93\xfa\x1f"), InvalidCharacter, 44, 1, 44), (sjis(b"\x93\xfa\xff\xff\x93\xfa"), InvalidCharacter, 44, 1, 44),
        (gb(b"\x81\x30\x81"), cut, 43, 1, 41), (gb(b"\x84\x31\xa4\x38"), InvalidCharacter, 40, 1, 41), (gb(b"\x81\x30\x20\x30"), InvalidCharacter, 40, 1, 41),
        (gb(b"\xff"), InvalidCharacter, 40, 1, 41), (gb(b"\x81"), cut, 41, 1, 41),
        (latin(b"\xe9\x85\x1f"), InvalidCharacter, 41, 1, 42), (ascii(b"x\x80"), InvalidCharacter, 42, 1, 43),
    ];
    for (document, kind, offset, line, column) in cases {
        let outcome = read_all_ways(&document, &Encodings::all(None), None);
        let trouble = outcome.trouble.unwrap_or_else(|| panic!("{document:x?}"));
        assert_eq!((trouble.kind, trouble.place), (kind, Place { offset, line, column }), "{document:x?}");
        let behind = if kind == cut { outcome.places.last().is_none_or(|last| *last != trouble.token) } else { true };
        assert!(behind && trouble.token.offset <= trouble.place.offset, "{document:x?}");
    }
}

#[test]
fn limits_count_every_byte_of_the_source() {
    let documents = [
        TEXT.as_bytes().to_vec(),
        [b"\xef\xbb\xbf<?xml version='1.0'\r\n?>", TEXT.as_bytes()].concat(),
        utf16(&format!("\u{feff}<?xml version='1.0'?>{TEXT}")),
        b"<?xml-stylesheet?>".to_vec(),
    ];
    for document in &documents {
        for maximum in 0..document.len() {
            let input = || Input::new(&Encodings::default(), None, maximum as u64, NONE);
            let whole = read_with(input(), document, &[document.len()]);
            let trouble = whole.trouble.unwrap();
            let expected =
                Kind::Limit { limit: Limit::DocumentBytes, maximum: maximum as u64, observed: maximum as u64 + 1 };
            assert_eq!((trouble.kind, trouble.place.offset), (expected, maximum as u64));
            let full = read(document, &[document.len()], &Encodings::default());
            assert!(full.text.starts_with(&whole.text) && full.places.starts_with(&whole.places));
            for size in [1, 2, 3, 7] {
                assert_eq!(read_with(input(), document, &[size]), whole, "{size} {maximum}");
            }
        }
        let input = Input::new(&Encodings::default(), None, NONE, document.len() as u64);
        assert_eq!(read_with(input, document, &[1]).trouble, None);
    }
    let mut input = Input::new(&Encodings::default(), None, 5, 4);
    let trouble = input.fill(&mut &b"<a></a>"[..], &mut Vec::new(), false).trouble.unwrap();
    assert_eq!(trouble.kind, Kind::Limit { limit: Limit::StreamBytes, maximum: 4, observed: 5 });
}

#[test]
fn a_limit_that_is_passed_changes_nothing_of_what_follows() {
    for document in [TEXT.as_bytes().to_vec(), b"<?xml version='1.0'?><a>\r\n</a>".to_vec(), utf16("\u{feff}<a>é</a>")]
    {
        let plain = read(&document, &[document.len()], &Encodings::default());
        for maximum in 0..document.len() as u64 {
            let mut input = Input::new(&Encodings::default(), None, maximum, maximum);
            let (mut text, mut buffer, mut crossed) = (Vec::new(), Vec::new(), Vec::new());
            for (index, byte) in document.iter().enumerate() {
                let mut chunk = std::slice::from_ref(byte);
                loop {
                    let filled = input.fill(&mut chunk, &mut buffer, index + 1 == document.len());
                    text.extend_from_slice(&buffer[..filled.length]);
                    input.consumed(&buffer[..filled.length]);
                    let Some(Trouble { kind, place, .. }) = filled.trouble else { break };
                    crossed.push((kind, place.offset));
                    input.pass_limit();
                }
            }
            assert_eq!(text, plain.text.as_bytes());
            let expected = |limit| (Kind::Limit { limit, maximum, observed: maximum + 1 }, maximum);
            assert_eq!(crossed, [expected(Limit::DocumentBytes), expected(Limit::StreamBytes)]);
        }
    }
}

/// xorshift: the same documents each time.
fn random(state: &mut u64) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state >> 16) as usize
}

#[test]
fn broken_documents_break_alike_however_they_are_cut() {
    let mut state = 0x9e37_79b9_7f4a_7c15;
    for (name, encode) in encoders() {
        let text = format!("<?xml version='1.0' encoding='{name}'?>{}", &TEXT);
        let good: Vec<u8> = encoded(&text, &encode).into_iter().flat_map(|(_, bytes)| bytes).collect();
        for _ in 0..400 {
            let mut document = good.clone();
            for _ in 0..1 + random(&mut state) % 3 {
                let at = random(&mut state) % document.len().max(1);
                document.extend((at >= document.len()).then_some(b'x'));
                match random(&mut state) % 4 {
                    0 => document[at] = random(&mut state) as u8,
                    1 => document.insert(at, [b'\r', b'\n', 0xef, 0xff, 0x81, 0][random(&mut state) % 6]),
                    2 => drop(document.remove(at)),
                    _ => document.truncate(at.max(1)),
                }
            }
            let encodings = Encodings::all(None);
            let whole = read(&document, &[document.len()], &encodings);
            for _ in 0..8 {
                let sizes: Vec<usize> = (0..document.len()).map(|_| random(&mut state) % 5).chain([1]).collect();
                assert_eq!(read(&document, &sizes, &encodings), whole, "{sizes:?} of {document:x?}");
            }
            if name == "UTF-8" && whole.trouble.is_none_or(|trouble| trouble.kind == Kind::InvalidCharacter) {
                let valid = std::str::from_utf8(&document).map_or_else(|error| error.valid_up_to(), str::len);
                let text = std::str::from_utf8(&document[..valid]).unwrap();
                let good = text.char_indices().find(|(_, character)| !is_char(u32::from(*character)));
                let good = good.map_or(valid, |(at, _)| at);
                let found = whole.trouble.map_or(document.len(), |trouble| trouble.place.offset as usize);
                assert!(found == good || found < 40, "{found} {good} {document:x?}");
            }
        }
    }
}
