//! The XML declaration: what is read, and what is refused where. The offsets are expat's, but for those marked.

use super::tests::{read, read_all_ways, utf16};
use super::*;
use crate::limits::NONE;

type Values<'v> = (&'v str, Option<&'v str>, Option<bool>);

fn declaration(document: &[u8], size: usize) -> Option<OwnedXmlDeclaration> {
    let mut input = Input::new(&Encodings::all(None), None, NONE, NONE);
    let mut buffer = Vec::new();
    let mut found = None;
    for mut chunk in document.chunks(size) {
        assert_eq!(input.fill(&mut chunk, &mut buffer, false).trouble, None);
        if let Some(declaration) = input.declaration() {
            assert!(found.is_none(), "told twice");
            found = Some(declaration);
        }
        input.places.restart(Place { offset: input.end, ..Place::START });
    }
    found
}

#[test]
fn a_declaration_is_told_once_with_its_values() {
    let cases: [(&str, Values<'_>); 7] = [
        ("<?xml version=\"1.0\"?>", ("1.0", None, None)),
        ("<?xml version='1.1' ?>", ("1.1", None, None)),
        ("<?xml\tversion = '1.0'\r\n encoding\n=\n\"utf-8\"?>", ("1.0", Some("utf-8"), None)),
        ("<?xml version='1.10' standalone='yes'?>", ("1.10", None, Some(true))),
        ("<?xml version='1.0' encoding='UTF-8' standalone='no'?>", ("1.0", Some("UTF-8"), Some(false))),
        ("<?xml version='1.0' encoding='US-ASCII'   standalone=\"no\" ?>", ("1.0", Some("US-ASCII"), Some(false))),
        ("<?xml version='1.0' encoding='x-mac.roman_'?>", ("1.0", None, None)),
    ];
    for (text, (version, encoding, standalone)) in cases {
        if text.contains("roman_") {
            let trouble = read(text.as_bytes(), &[99], &Encodings::all(None)).trouble.unwrap();
            assert_eq!(trouble.kind, Kind::UnknownEncoding);
            continue;
        }
        for size in [1, 2, 3, 1000] {
            let found = declaration(format!("{text}<a/>").as_bytes(), size).unwrap();
            let values = found.borrow();
            assert_eq!(values.version, version.as_bytes());
            assert_eq!(values.encoding, encoding.map(str::as_bytes));
            assert_eq!((values.standalone, found.place), (standalone, Place::START));
            if encoding.is_none() {
                let found = declaration(&utf16(&format!("\u{feff}{text}<a/>")), size).unwrap();
                assert_eq!(found.borrow().version, version.as_bytes());
                assert_eq!(found.place, Place { offset: 2, ..Place::START });
            }
        }
    }
    for text in
        ["<a/>", "<?xml-stylesheet version='1.0'?>", "<?xmlversion='1.0'?>", " <?xml version='1.0'?>", "<?XML ?>"]
    {
        assert!(declaration(text.as_bytes(), 1).is_none(), "{text}");
        assert_eq!(read_all_ways(text.as_bytes(), &Encodings::default(), None).text, text);
        let wide = read_all_ways(&utf16(&format!("\u{feff}{text}")), &Encodings::default(), None);
        assert_eq!((wide.text.as_str(), wide.trouble), (text, None));
    }
}

#[test]
fn a_declaration_is_refused_where_it_goes_wrong() {
    use Kind::{BadDeclaration as Bad, IncorrectEncoding, InvalidCharacter, UnknownEncoding};
    let token = Kind::Incomplete(Open::Token);
    #[rustfmt::skip]
    let cases: &[(&[u8], Kind, u64)] = &[
        (b"<?xml version=\"1.0 \"?>", Bad, 18), (b"<?xml version=\"1.0\"encoding=\"utf-8\"?>", Bad, 19),
        (b"<?xml version=\"1.0\" encoding=\"utf-8\"standalone=\"yes\"?>", Bad, 36),
        (b"<?xml version=\"1.0\" standalone=\"maybe\"?>", Bad, 32), (b"<?xml version=\"1.0\" standalone=\"YES\"?>", Bad, 32),
        (b"<?xml version=\"1.0\" standalone=\"\"?>", Bad, 32), (b"<?xml version=\"1.0\" standalone=\"noo\"?>", Bad, 32),
        (b"<?xml version=\"1.0\" standalone=\"yes\" encoding=\"utf-8\"?>", Bad, 37), (b"<?xml encoding=\"utf-8\"?>", Bad, 6),
        (b"<?xml standalone=\"yes\"?>", Bad, 6), (b"<?xml version=\"1.0\" version=\"1.0\"?>", Bad, 20),
        (b"<?xml version=\"1.0\" encoding=\"utf-8\" encoding=\"utf-8\"?>", Bad, 37), (b"<?xml version=\"1.0\" encoding=\"1utf-8\"?>", Bad, 30),
        (b"<?xml version=\"1.0\" encoding=\"\"?>", Bad, 30), (b"<?xml version=\"1.0\" encoding=\"utf 8\"?>", Bad, 33),
        (b"<?xml version=\"1.0\" encoding=\"a:b\"?>", Bad, 31), (b"<?xml version=\"1.0\" foo=\"bar\"?>", Bad, 20),
        (b"<?xml?>", Bad, 5), (b"<?xml ?>", Bad, 5), (b"<?xml   ?>", Bad, 5), (b"<?xml VERSION=\"1.0\"?>", Bad, 6),
        (b"<?xml versions=\"1.0\"?>", Bad, 6), (b"<?xml v?>", Bad, 6 /* expat: 7 */), (b"<?xml version?>", Bad, 13), (b"<?xml =?>", Bad, 6),
        (b"<?xml version=\"1.0'?>", Bad, 18), (b"<?xml version=1.0?>", Bad, 14), (b"<?xml version \"1.0\"?>", Bad, 14),
        (b"<?xml version==\"1.0\"?>", Bad, 14), (b"<?xml version=\"1.0\"  encoding?>", Bad, 29), (b"<?xml version=\"1<0\"?>", Bad, 16 /* its own grammar */),
        (b"<?xml version=\"1.0\"? ?>", Bad, 19), (b"<?xml version=\"1.0\"x?>", Bad, 19), (b"<?xml version='1.0\">", Bad, 18),
        // What expat takes for a token without an end, or for a version.
        (b"<?xml version=\"1.0\"><a/>", Bad, 19), (b"<?xml version=\"1.0\"/>", Bad, 19), (b"<?xml version=\"2.0\"?>", Bad, 15),
        (b"<?xml version=\"1.\"?>", Bad, 17), (b"<?xml version=\"\"?>", Bad, 15), (b"<?xml version=\"1.x\"?>", Bad, 17),
        (b"<?xml version=\"1.0\"\x01?>", InvalidCharacter, 19), (b"<?xml version=\"1.0\x01\"?>", InvalidCharacter, 18), (b"<?xml version=\"1.0\xff\"?>", InvalidCharacter, 18),
        (b"<?xml \xff version=\"1.0\"?>", InvalidCharacter, 6), (b"<?xml version=\"1.0\xc3\xa9\"?>", Bad, 18), (b"<?xml version=\"1.0\" encoding=\"\xff\"?>", InvalidCharacter, 30),
        (b"<?xml ", token, 6), (b"<?xml version", token, 13), (b"<?xml version=\"1.0\"", token, 19), (b"<?xml version=\"1.0\"?", token, 20),
        (b"<?xml version=\"1.0\" encoding=\"nobody\"?>", UnknownEncoding, 30), (b"<?xml version=\"1.0\" encoding=\"utf-7\"?>", UnknownEncoding, 30),
        (b"<?xml version=\"1.0\" encoding=\"utf-16\"?>", IncorrectEncoding, 30), (b"<?xml version=\"1.0\" encoding=\"utf-16le\"?>", IncorrectEncoding, 30),
        (b"\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>", IncorrectEncoding, 33), (b"\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-16\"?>", IncorrectEncoding, 33),
        (b"<?xml version=\"1.0\" encoding=\"a-name-that-goes-on-and-on-and-on-for-longer-than-any\"?>", UnknownEncoding, 30),
    ];
    for (document, kind, offset) in cases {
        let trouble = read_all_ways(document, &Encodings::all(None), None).trouble;
        let trouble = trouble.unwrap_or_else(|| panic!("{}", document.escape_ascii()));
        let mark = if document.starts_with(b"\xef") { 3 } else { 0 };
        let place = Place { offset: *offset, line: 1, column: offset - mark + 1 };
        assert_eq!((trouble.kind, trouble.place), (*kind, place), "{}", document.escape_ascii());
        let start = if *kind == token { 0 } else { *offset };
        assert_eq!(trouble.token.offset, start);
        // In UTF-16 each character takes two bytes, and the mark.
        let Ok(text) = std::str::from_utf8(document) else { continue };
        if mark == 0 && *kind != IncorrectEncoding && *kind != UnknownEncoding {
            let trouble =
                read_all_ways(&utf16(&format!("\u{feff}{text}")), &Encodings::default(), None).trouble.unwrap();
            let place = Place { offset: 2 + 2 * offset, ..place };
            assert_eq!((trouble.kind, trouble.place), (*kind, place), "UTF-16 of {text}");
        }
    }
}

#[test]
fn a_declaration_reads_the_same_at_once_and_by_character() {
    let encodings = [
        "",
        " encoding='UTF-8'",
        " encoding=\"iso-8859-1\"",
        " encoding='utf-16'",
        " encoding='x y'",
        " encoding='1'",
        " encoding=''",
    ];
    for version in ["1.0", "1.1", "1.", "2.0"] {
        for encoding in encodings {
            for standalone in
                ["", " standalone='yes'", " standalone=\"no\"", " standalone='maybe'", " standalone='no\""]
            {
                for end in ["?>", " ?>", "? >", "/>", ""] {
                    let text = format!("<?xml version=\"{version}\"{encoding}{standalone}{end}<é/>");
                    let outcome = read_all_ways(text.as_bytes(), &Encodings::default(), None);
                    if outcome.trouble.is_none() {
                        let shown = |size| format!("{:?}", declaration(text.as_bytes(), size).unwrap());
                        assert_eq!(shown(1), shown(text.len()));
                    }
                }
            }
        }
    }
}

#[test]
fn lines_of_a_declaration_count() {
    let document = b"<?xml\r\n version\r='1.0'\n\n encoding='nobody'?>";
    let trouble = read_all_ways(document, &Encodings::default(), None).trouble.unwrap();
    assert_eq!(trouble.place, Place { offset: 35, line: 5, column: 12 });
}

#[test]
fn marks_and_declarations_must_agree() {
    let declared = |name: &str| format!("<?xml version='1.0' encoding='{name}'?><a/>");
    let marked = |name: &str| utf16(&format!("\u{feff}{}", declared(name)));
    let swapped = |bytes: Vec<u8>| bytes.chunks(2).flat_map(|unit| [unit[1], unit[0]]).collect::<Vec<u8>>();
    #[rustfmt::skip]
    let cases = [
        (marked("UTF-16"), None), (marked("UTF-16LE"), None), (marked("UTF-16BE"), Some(Kind::IncorrectEncoding)),
        (marked("UTF-8"), Some(Kind::IncorrectEncoding)), (marked("ISO-8859-1"), Some(Kind::IncorrectEncoding)), (marked("nobody"), Some(Kind::UnknownEncoding)),
        (swapped(marked("UTF-16")), None), (swapped(marked("UTF-16BE")), None), (swapped(marked("utf-16le")), Some(Kind::IncorrectEncoding)),
        (utf16(&declared("UTF-16")), None), (utf16(&declared("utf-16le")), None), (utf16(&declared("utf-16be")), Some(Kind::IncorrectEncoding)),
        (swapped(utf16(&declared("UTF-16"))), None), (swapped(utf16(&declared("us-ascii"))), Some(Kind::IncorrectEncoding)),
        (utf16("<a/>"), None), (swapped(utf16("<a/>")), None), (format!("\u{feff}{}", declared("utf-8")).into_bytes(), None),
        (format!("\u{feff}{}", declared("us-ascii")).into_bytes(), Some(Kind::IncorrectEncoding)), (declared("us-ascii").into_bytes(), None),
        (declared("windows-1252").into_bytes(), Some(Kind::UnknownEncoding)),
    ];
    for (document, kind) in cases {
        let outcome = read_all_ways(&document, &Encodings::default(), None);
        assert_eq!(outcome.trouble.map(|trouble| trouble.kind), kind, "{}", document.escape_ascii());
        assert_eq!(outcome.text == "<a/>", kind.is_none());
    }
}

#[test]
fn what_is_not_allowed_is_refused_where_it_shows() {
    let refused = |document: &[u8], names: &[&str]| {
        let encodings = Encodings::named(names.iter().copied(), None).unwrap();
        read_all_ways(document, &encodings, None).trouble.map(|trouble| (trouble.kind, trouble.place.offset))
    };
    let unknown = |offset| Some((Kind::UnknownEncoding, offset));
    assert_eq!(refused(&utf16("\u{feff}<a/>"), &["utf-8"]), unknown(0));
    assert_eq!(refused(&utf16("<a/>"), &["utf-8"]), unknown(0));
    assert_eq!(refused(&utf16("<a/>"), &["utf-16"]), None);
    assert_eq!(refused(b"<a/>", &["iso-8859-1"]), unknown(0));
    assert_eq!(refused(b"\xef\xbb\xbf<a/>", &["iso-8859-1"]), unknown(0));
    assert_eq!(refused(b"<?xml version='1.0'?><a/>", &["iso-8859-1"]), unknown(21));
    assert_eq!(refused(b"<?xml version='1.0' encoding='latin1'?><a/>", &["iso-8859-1"]), None);
    assert_eq!(refused(b"<?xml version='1.0' encoding='utf-8'?><a/>", &["iso-8859-1"]), unknown(30));
}
