//! The way to a value, for errors: steps gathered from the innermost outwards, written as a JSON Pointer (RFC 6901).

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Key(Vec<u8>),
    Index(u64),
}

/// A path never shows more characters than this.
pub const SHOWN: usize = 1024;

/// The pointer of these steps, outermost first, cut to [`SHOWN`] characters.
#[must_use]
pub fn pointer<'a>(steps: impl IntoIterator<Item = &'a Step>) -> String {
    let mut text = String::new();
    let mut count = 0;
    let mut put = |character: char| {
        count += 1;
        if count <= SHOWN {
            text.push(character);
        }
        count < SHOWN
    };
    'steps: for step in steps {
        if !put('/') {
            break;
        }
        match step {
            Step::Index(index) => {
                for digit in index.to_string().chars() {
                    if !put(digit) {
                        break 'steps;
                    }
                }
            }
            Step::Key(key) => {
                // No more of a huge key than could be shown is looked at.
                let key = &key[..key.len().min(SHOWN * 4)];
                for character in String::from_utf8_lossy(key).chars() {
                    let more = match character {
                        '~' => put('~') && put('0'),
                        '/' => put('~') && put('1'),
                        other => put(other),
                    };
                    if !more {
                        break 'steps;
                    }
                }
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_escaped_and_a_long_path_is_cut() {
        let steps = [Step::Key(b"a/b~".to_vec()), Step::Index(12), Step::Key(Vec::new())];
        assert_eq!(pointer(&steps), "/a~1b~0/12/");
        let long = [Step::Key("😀".repeat(60_000).into_bytes())];
        assert_eq!(pointer(&long).chars().count(), SHOWN);
        assert_eq!(pointer(&[]), "");
    }
}
