//! Documents written call by call.

use super::*;

const STYLE: Style = Style { form: Form::Utf8, namespaces: true, short_empty: true };

fn document() -> Document {
    Document::new(STYLE, XmlLimits::DEFAULT)
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(Vec<u8>, Vec<u8>)> {
    pairs.iter().map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec())).collect()
}

trait Short {
    fn open(&mut self, name: &str, attributes: &[(&str, &str)], namespaces: &[(&str, &str)]) -> Result<(), Refusal>;
    fn so_far(&self) -> &str;
}

impl Short for Document {
    fn open(&mut self, name: &str, attributes: &[(&str, &str)], namespaces: &[(&str, &str)]) -> Result<(), Refusal> {
        self.start(name.as_bytes(), &pairs(attributes), &pairs(namespaces))
    }

    fn so_far(&self) -> &str {
        std::str::from_utf8(self.out.bytes()).unwrap()
    }
}

#[test]
fn prefixes_are_those_declared_else_made_up() {
    let mut document = document();
    document.open("{u}a", &[("{u}x", "1"), ("y", "2")], &[("", "u"), ("p", "v")]).unwrap();
    document.open("{v}b", &[("p:z", "3")], &[]).unwrap();
    document.open("c", &[], &[]).unwrap();
    document.open("{u}d", &[("{w}q", "")], &[]).unwrap();
    for _ in 0..4 {
        document.end(None).unwrap();
    }
    document.close().unwrap();
    assert_eq!(
        document.so_far(),
        r#"<a xmlns="u" xmlns:p="v" xmlns:ns0="u" ns0:x="1" y="2"><p:b p:z="3"><c xmlns=""><ns0:d xmlns:ns1="w" ns1:q=""/></c></p:b></a>"#
    );
}

#[test]
fn a_made_up_prefix_is_free_again_behind_its_element() {
    let mut document = document();
    document.open("a", &[], &[("ns0", "taken")]).unwrap();
    for uri in ["u", "v"] {
        document.open(&format!("{{{uri}}}b"), &[], &[]).unwrap();
        document.end(Some(format!("{{{uri}}}b").as_bytes())).unwrap();
    }
    document.end(Some(b"a")).unwrap();
    assert_eq!(document.so_far(), r#"<a xmlns:ns0="taken"><ns1:b xmlns:ns1="u"/><ns1:b xmlns:ns1="v"/></a>"#);
}

#[test]
fn what_is_refused_leaves_no_trace() {
    let mut document = document();
    document.open("{u}a", &[], &[("p", "u")]).unwrap();
    let before = document.so_far().to_owned();
    type Short<'a> = &'a [(&'a str, &'a str)];
    let refused: [(&str, Short<'_>, Short<'_>, Refusal); 18] = [
        ("", &[], &[], Refusal::ElementName),
        ("a b", &[], &[], Refusal::ElementName),
        ("{u}a:b", &[], &[], Refusal::ElementName),
        ("a><b/", &[], &[], Refusal::ElementName),
        ("q:a", &[], &[], Refusal::UnboundPrefix),
        ("xmlns:a", &[], &[], Refusal::Binding(BadBinding::Reserved)),
        ("b", &[("x y", "")], &[], Refusal::AttributeName),
        ("b", &[("x", "\u{1}")], &[], Refusal::Character(1)),
        ("b", &[("x", "1"), ("x", "2")], &[], Refusal::DuplicateAttribute),
        ("b", &[("{u}x", "1"), ("p:x", "2")], &[], Refusal::DuplicateAttribute),
        ("b", &[("q:x", "1"), ("p:x", "2")], &[("q", "u")], Refusal::DuplicateAttribute),
        ("b", &[("xmlns", "1")], &[], Refusal::Declaration),
        ("b", &[("xmlns:q", "1")], &[], Refusal::Declaration),
        ("b", &[], &[("q", "")], Refusal::Binding(BadBinding::Undeclared)),
        ("b", &[], &[("xml", "u")], Refusal::Binding(BadBinding::Reserved)),
        ("b", &[], &[("", "u")], Refusal::DefaultNamespace),
        ("b", &[], &[("q", "u}v")], Refusal::Binding(BadBinding::Uri)),
        ("b", &[], &[("q", "u\0")], Refusal::Character(0)),
    ];
    for (name, attributes, namespaces, why) in refused {
        assert_eq!(document.open(name, attributes, namespaces), Err(why), "{name} {attributes:?} {namespaces:?}");
        assert_eq!((document.so_far(), document.depth()), (&*before, 1));
    }
    assert_eq!(document.text(b"a\0"), Err(Refusal::Character(0)));
    assert_eq!(document.comment(b"--"), Err(Refusal::Comment));
    assert_eq!(document.pi(b"xml", b""), Err(Refusal::Pi(BadPi::Target)));
    assert_eq!(document.pi(b"a b", b""), Err(Refusal::Pi(BadPi::Target)));
    assert_eq!(document.pi(b"a", b"?>"), Err(Refusal::Pi(BadPi::Data)));
    assert_eq!(document.cdata(b"]]>"), Err(Refusal::Cdata));
    assert_eq!(document.end(Some(b"a")), Err(Refusal::EndName));
    assert_eq!(document.doctype(b"a", None, None), Err(Refusal::MisplacedDoctype));
    assert_eq!(document.close(), Err(Refusal::Unclosed));
    assert_eq!(document.so_far(), before);
    // A prefix that a refused tag would have declared is not in force.
    assert_eq!(document.open("q:b", &[], &[]), Err(Refusal::UnboundPrefix));
    document.end(Some(b"{u}a")).unwrap();
    assert_eq!(document.so_far(), r#"<p:a xmlns:p="u"/>"#);
}

#[test]
fn an_element_that_is_refused_leaves_no_trace_either() {
    let mut document = document();
    assert_eq!(document.element(b"a", &[], &pairs(&[("p", "u")]), b"\0"), Err(Refusal::Character(0)));
    assert_eq!((document.so_far(), document.depth()), ("", 0));
    document.element(b"{u}a", &pairs(&[("b", "c")]), &pairs(&[("p", "u")]), b"<").unwrap();
    assert_eq!(document.so_far(), r#"<p:a xmlns:p="u" b="c">&lt;</p:a>"#);
    document.close().unwrap();
}

#[test]
fn there_is_one_root_and_no_text_beside_it() {
    let mut document = document();
    assert_eq!(document.close(), Err(Refusal::NoRoot));
    assert_eq!(document.end(None), Err(Refusal::NothingOpen));
    document.declaration().unwrap();
    document.doctype(b"a", Some(b"-//X//Y"), Some(b"it's \"")).unwrap_err();
    document.doctype(b"a", Some(b"-//X//Y"), Some(b"a\"b")).unwrap();
    document.comment(b"c").unwrap();
    assert_eq!(document.text(b"x"), Err(Refusal::TextOutside));
    assert_eq!(document.cdata(b""), Err(Refusal::TextOutside));
    document.text(b" \r\n").unwrap();
    document.open("a", &[("b", "<&>\"\t")], &[]).unwrap();
    document.text(b"<&>\"\t\r\n").unwrap();
    document.cdata(b"<&>").unwrap();
    document.end(None).unwrap();
    assert_eq!(document.open("a", &[], &[]), Err(Refusal::SecondRoot));
    document.pi(b"p", b"d?").unwrap();
    document.close().unwrap();
    assert_eq!(document.text(b""), Err(Refusal::Closed));
    assert_eq!(document.open("a", &[], &[]), Err(Refusal::Closed));
    assert_eq!(
        document.so_far(),
        concat!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE a PUBLIC \"-//X//Y\" 'a\"b'>\n<!--c--> \r\n",
            "<a b=\"&lt;&amp;&gt;&quot;&#09;\">&lt;&amp;&gt;\"\t&#13;\n<![CDATA[<&>]]></a><?p d??>"
        )
    );
}

#[test]
fn names_as_they_are_may_have_any_prefix() {
    let mut document = Document::new(Style { namespaces: false, short_empty: false, ..STYLE }, XmlLimits::DEFAULT);
    document.open("p:a", &[("xmlns:p", "u"), ("q:x", "")], &[]).unwrap();
    assert_eq!(document.open("b", &[("x", ""), ("x", "")], &[]), Err(Refusal::DuplicateAttribute));
    assert_eq!(document.open("{u}b", &[], &[]), Err(Refusal::ElementName));
    assert_eq!(document.path(), "/p:a");
    document.end(Some(b"p:a")).unwrap();
    assert_eq!(document.so_far(), r#"<p:a xmlns:p="u" q:x=""></p:a>"#);
}

#[test]
fn ascii_has_references_in_text_and_refuses_what_can_hold_none() {
    let mut document = Document::new(Style { form: Form::Ascii, ..STYLE }, XmlLimits::DEFAULT);
    document.open("a", &[("b", "\u{e9}")], &[]).unwrap();
    document.text("\u{1f600}".as_bytes()).unwrap();
    assert_eq!(document.open("\u{e9}", &[], &[]), Err(Refusal::Unencodable));
    assert_eq!(document.comment("\u{e9}".as_bytes()), Err(Refusal::Unencodable));
    assert_eq!(document.cdata("\u{e9}".as_bytes()), Err(Refusal::Unencodable));
    document.end(None).unwrap();
    assert_eq!(document.so_far(), r#"<a b="&#233;">&#128512;</a>"#);
}

#[test]
fn limits_hold_for_the_depth_the_output_and_the_stack() {
    let limits = XmlLimits { depth: 3, document_bytes: 40, ..XmlLimits::UNLIMITED };
    let mut document = Document::new(STYLE, limits);
    for _ in 0..3 {
        document.open("a", &[], &[]).unwrap();
    }
    assert_eq!(document.open("a", &[], &[]), Err(Refusal::Limit { limit: Limit::Depth, maximum: 3, observed: 4 }));
    let full = Err(Refusal::Limit { limit: Limit::DocumentBytes, maximum: 40, observed: 41 });
    assert_eq!(document.text(&[b'x'; 32]), full);
    document.text(&[b'x'; 21]).unwrap();
    assert_eq!(document.text(b"xxxxxxxxxxx"), full);
    for _ in 0..2 {
        document.end(None).unwrap();
    }
    assert_eq!(document.out.used(), 38);
    assert_eq!(document.end(None), full);
    assert_eq!(document.depth(), 1);

    let mut document = Document::new(STYLE, XmlLimits { stack_bytes: 64, ..XmlLimits::UNLIMITED });
    let mut depth = 0;
    while document.open("a", &[], &[]).is_ok() {
        depth += 1;
    }
    assert_eq!((depth, document.depth()), (4, 4));
}
