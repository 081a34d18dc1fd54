//! The sanitizer in chunks: however a document is cut, its output, report and refusal are the same, and what is clean stays so.

use forkedenc_core::limits::XmlLimits;
use forkedenc_core::xml::sanitize::Plan;

mod sanitized;

use sanitized::{Outcome, check, clean, source};

const HEAD: &str = r#"<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">"#;
const BODIES: &[&str] = &[
    "",
    "<script>a</script><SCRIPT/><g onload='x' ONLOAD='y' style='fill:url(//e/);stroke:red' id=' a '/>",
    "<use href='#a' xlink:href='#a'/><g id='a'><use href='#a'/></g><g id='a'/>",
    "<style>@import 'x';a{fill:red}b{x:y}<![CDATA[c>d{mask:url(#m)}]]></style><mask id='m'/>",
    "<style>@x{b{fill:red}}a{fill:red}</style><style>a/**/b{fill:red}</style>",
    "<animate attributeName='fill' begin='a.click;1s' to='red;url( #a )'/><animate attributeName='href' to='x'/>",
    "<rect x='1 2px' d='M0 0' transform='scale(2)' lang='de' aria-labelledby='a  b' alt='javascript:x'/>",
    "<switch>a<g/><unheard-of xmlns='u'>b<g xmlns='http://www.w3.org/2000/svg'/></unheard-of></switch>",
    "<a href=' https://e/' rel='x'>b</a><a xlink:href='#c'/><title><b/>c</title><desc>&lt;b></desc><desc>words</desc>",
    "<!-- a --><?p q?><text>&amp;&lt;&#13;]]&gt;<![CDATA[<x>]]>\u{e9}\u{1f600}</text><image href='data:image/png;base64,AA=='/>",
    "<g id='a'><rect/><rect/></g><g id='b'><use href='#a'/><use href='#a'/></g><use href='#b'/><use href='#b'/>",
    "<g class='a b&#9;c' fill='url(\"#x\")' mask='a(b)'/><text x='a value that is longer than all that may be held of one'/>",
    "<g></h>",
    "<g a='1' a='2'/>",
    "&undeclared;",
];

/// Every plan, with limits of everybody and short ones.
fn every(document: &str) {
    let bytes = document.as_bytes();
    let mut cuts: Vec<Vec<&[u8]>> = [1, 2, 3, 7].map(|size| bytes.chunks(size).collect()).to_vec();
    cuts.extend((0..bytes.len()).step_by(5).map(|cut| vec![&bytes[..cut], &bytes[cut..]]));
    for choice in 0..16 {
        let plan = Plan::new(source(choice)).expect("a plan");
        check(&plan, XmlLimits::DEFAULT, bytes, &cuts);
        let short = XmlLimits { attribute_bytes: 60, comment_bytes: 2, text_bytes: 10, ..XmlLimits::DEFAULT };
        check(&plan, short, bytes, &cuts);
    }
}

#[test]
fn output_report_and_refusal_do_not_depend_on_how_a_document_is_cut() {
    for body in BODIES {
        every(&format!("{HEAD}{body}</svg>"));
    }
}

#[test]
fn what_a_dtd_brings_in_is_judged_however_it_is_cut() {
    let subset = "<!ENTITY e \"<rect onload='x'/>\u{e9}\"><!ATTLIST g onload CDATA 'x' fill CDATA 'red'>";
    every(&format!("<?xml version='1.0'?><!DOCTYPE svg [{subset}]>{HEAD}&e;<g/><desc>&e;</desc></svg>\n<!-- x -->"));
}

#[test]
fn what_is_damaged_anywhere_is_refused_or_clean() {
    let document = format!("{HEAD}{}</svg>", BODIES[1..12].concat());
    let plan = Plan::new(source(6)).expect("a plan");
    for at in (0..document.len()).step_by(3) {
        for piece in ["", "<", "\"", "&", "<g>", "\0", "/**/", "{", "}"] {
            let mut damaged = document.as_bytes().to_vec();
            damaged.splice(at..=at, piece.bytes());
            check(&plan, XmlLimits::DEFAULT, &damaged, &[damaged.chunks(11).collect()]);
        }
    }
}

#[test]
fn a_picture_in_which_nothing_acts_stays_byte_for_byte() {
    let document = format!(
        "{HEAD}<g id=\"a\" fill=\"red\"/><use href=\"#a\"/><style>a{{fill:red}}</style><text>&lt;</text></svg>"
    );
    let plan = Plan::new(source(0)).expect("a plan");
    let Outcome::Clean { out, told } = clean(&plan, XmlLimits::DEFAULT, &[document.as_bytes()]) else {
        panic!("refused")
    };
    assert_eq!(String::from_utf8_lossy(&out), document);
    assert!(told.starts_with("false [0, 0, 0, 0, 0, 0, 0] []"), "{told}");
}
