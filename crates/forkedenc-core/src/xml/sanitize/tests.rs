//! Grammars, URLs, style sheets, the account, and the nests of HTML, each by itself.

use super::css::{self, Key, Styled};
use super::html::{Around, class};
use super::judge::{Findings, Media, Value, Verdict, is_id};
use super::plan::{Action, Answer, OnLimit, Plan, Source};
use super::url::{self, Reading};
use super::uses::{Account, Share};

fn source(values: Vec<Value>) -> Source {
    let words = |text: &str| text.split(' ').map(String::from).collect();
    Source {
        roots: Vec::new(),
        elements: Vec::new(),
        unknown_element: Action::Drop,
        groups: Vec::new(),
        attributes: Vec::new(),
        unknown_attribute: Answer::Drop,
        bad_value: Answer::Drop,
        on_limit: OnLimit::Error,
        values: values.into_iter().map(|value| (value, None)).collect(),
        text_values: Vec::new(),
        namespaces: None,
        comments: Answer::Drop,
        pis: Answer::Drop,
        properties: words("fill stroke mask font-family"),
        functions: words("rgb calc"),
        at_rules: words("media"),
        account: None,
        id_prefix: None,
        ids_need_prefix: false,
        html: false,
    }
}

fn plan(source: Source) -> Plan {
    Plan::new(source).expect("a plan of few values")
}

/// What becomes of a value: itself, something else, or nothing.
fn judged(plan: &Plan, value: &str) -> Option<String> {
    let mut findings = Findings::default();
    match plan.judge(0, value.as_bytes(), &mut findings) {
        Verdict::Bad => None,
        Verdict::Written => Some(String::from_utf8(findings.out).expect("values are UTF-8")),
        Verdict::Plain => {
            let escaped = value.bytes().any(|byte| matches!(byte, b'&' | b'<' | b'>' | b'"' | b'\t' | b'\n' | b'\r'));
            assert!(!escaped, "{value:?} needs an escape");
            Some(value.into())
        }
        Verdict::Good => Some(value.into()),
    }
}

/// Each value stays as it is, becomes what stands behind it, or goes; and what is left of it stays.
fn check(value: Value, kept: &[&str], changed: &[(&str, &str)], gone: &[&str]) {
    let plan = plan(source(vec![value]));
    for text in kept {
        assert_eq!(judged(&plan, text).as_deref(), Some(*text), "{text:?}");
    }
    for (text, left) in changed {
        assert_eq!(judged(&plan, text).as_deref(), Some(*left), "{text:?}");
        assert_eq!(judged(&plan, left).as_deref(), Some(*left), "{left:?}, again");
    }
    for text in gone {
        assert_eq!(judged(&plan, text), None, "{text:?}");
    }
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).into()).collect()
}

fn numbers(least: usize, most: usize) -> Value {
    Value::Numbers { least, most, minimum: -10.0, maximum: 100.0, units: false, semicolons: false }
}

mod grammars {
    use super::*;

    #[test]
    fn text_is_anything_but_a_url_of_a_refused_scheme() {
        let refused = strings(&["javascript", "data"]);
        let kept = ["", "x", "javascript", "javascripts:x", "x javascript:y", "http://a/", "dat:x"];
        let gone = [
            "javascript:x",
            " JavaScript:x",
            "java\nscript\t:x",
            "data:,x",
            "\u{200b}javascript:x",
            "java\u{ad}script:x",
        ];
        check(Value::Text { refused }, &kept, &[], &gone);
        check(Value::Text { refused: Vec::new() }, &["javascript:x"], &[], &[]);
    }

    #[test]
    fn a_keyword_is_one_of_the_words_and_white_space_may_stand_around() {
        let words = || strings(&["one", "two"]);
        check(
            Value::Keyword { words: words(), fold: false },
            &["one", " two\n"],
            &[],
            &["", "One", "one two", "on", "ones"],
        );
        check(Value::Keyword { words: words(), fold: true }, &["one", "TWO"], &[], &["three", "\u{ff4f}ne"]);
    }

    #[test]
    fn numbers_are_counted_and_bounded() {
        check(
            numbers(1, 2),
            &["1", "-1 2", "1,2", " .5 ", "1.", "+1e1", "1e-5", "1-2", "1.5.5", "100", "-10"],
            &[],
            &[
                "", "1 2 3", "101", "-11", "1e3", "a", "1a", "1px", "--1", "+", ".", "e1", "nan", "inf", "0x1", "1;2",
                "1 a", "\u{661}",
            ],
        );
        check(numbers(0, usize::MAX), &["", " , ", "1 2 3 4"], &[], &["x"]);
    }

    #[test]
    fn units_and_semicolons_are_for_those_who_ask() {
        let units = Value::Numbers { least: 1, most: 3, minimum: 0.0, maximum: 10.0, units: true, semicolons: false };
        check(
            units,
            &["1px", "1PX", "5%", "1em 2ex 3deg", "1e1px"],
            &[],
            &["1 px", "1foo", "1px;2px", "px", "11px", "1pxx"],
        );
        let semicolons =
            Value::Numbers { least: 1, most: 3, minimum: 0.0, maximum: 10.0, units: false, semicolons: true };
        check(semicolons, &["1;2;3", "1;"], &[], &["1;2;3;4", ";"]);
    }

    #[test]
    fn a_path_is_its_alphabet() {
        check(
            Value::Path,
            &["", "M0 0 L1,1z", "m.5-1e3C1 2 3 4 5 6", "M0\n0\t", "M0 0M0 0M0 0M0 0M0 0M0 0M0 0M0 0M0 0"],
            &[],
            &["M0 0(", "url(#a)", "M0;0", "M0 0 javascript", "\u{e9}", "M0 0M0 0M0 0M0 0M0 0M0 0M0 0M0 0M0 0<"],
        );
    }

    #[test]
    fn a_transform_is_a_list_of_known_functions_of_numbers() {
        check(
            Value::Transform,
            &["", "none", "scale(2)", "translate(1 2),rotate(3deg) , skewX( 4 )", "matrix(1,0,0,1,0,0)", "scale (2)"],
            &[],
            &[
                "evil(1)",
                "scale",
                "scale(",
                "scale(a)",
                "scale(1)x",
                "scale(url(#a))",
                "scale(1;2)",
                "Scale(2)",
                "none none",
            ],
        );
    }

    #[test]
    fn an_id_is_a_word_without_signs_that_mean_something_elsewhere() {
        check(
            Value::Id,
            &["a", "a-b_c.d:e", "\u{e9}", "\u{65e5}"],
            &[(" a ", "a"), ("\na", "a")],
            &[
                "",
                " ",
                "a b",
                "a(b",
                "a'b",
                "a\"b",
                "a<b",
                "a#b",
                "a\\b",
                "a;b",
                "a\u{200b}",
                "a\u{202e}b",
                "a\u{a0}b",
                "a%b",
            ],
        );
        assert!(is_id(&[b'a'; 256]));
        assert!(!is_id(&[b'a'; 5000]));
    }

    #[test]
    fn ids_and_references_get_the_prefix_once() {
        let prefixed = |value: Value| plan(Source { id_prefix: Some("p-".into()), ..source(vec![value]) });
        assert_eq!(judged(&prefixed(Value::Id), "a").as_deref(), Some("p-a"));
        assert_eq!(judged(&prefixed(Value::Id), "p-a").as_deref(), Some("p-a"));
        assert_eq!(judged(&prefixed(Value::IdRef), " #a ").as_deref(), Some("#p-a"));
        assert_eq!(judged(&prefixed(Value::IdRefs), "a p-b\nc").as_deref(), Some("p-a p-b p-c"));
        assert_eq!(judged(&prefixed(Value::Css), "url( #a )").as_deref(), Some("url(#p-a)"));
        assert_eq!(
            judged(&prefixed(Value::Style), "fill:url('#a');stroke:red").as_deref(),
            Some("fill:url(#p-a);stroke:red")
        );
        assert_eq!(judged(&prefixed(Value::Timing), "a.click+1s;b-c.end").as_deref(), Some("p-a.click+1s;p-b-c.end"));
        let local = Media { fragment: true, ..Media::default() };
        assert_eq!(judged(&prefixed(Value::Url(local)), "#a").as_deref(), Some("#p-a"));
    }

    #[test]
    fn ids_that_need_a_prefix_go_without_one() {
        let needing = Source { ids_need_prefix: true, ..source(vec![Value::Id]) };
        assert_eq!(judged(&plan(needing.clone()), "a"), None);
        assert_eq!(judged(&plan(Source { id_prefix: Some("p-".into()), ..needing }), "a").as_deref(), Some("p-a"));
    }

    #[test]
    fn a_reference_is_noted_as_it_is_written() {
        let plan =
            plan(Source { id_prefix: Some("p-".into()), ..source(vec![Value::Css, Value::IdRef, Value::Style]) });
        for (number, text, noted) in
            [(0, "url(#a) url(#b)", "p-a\0p-b\0"), (1, "#a", "p-a\0"), (2, "fill:url(#a);x:url(#b)", "p-a\0")]
        {
            let mut findings = Findings::default();
            assert_ne!(plan.judge(number, text.as_bytes(), &mut findings), Verdict::Bad);
            assert_eq!(findings.references, noted.as_bytes());
        }
    }

    #[test]
    fn references_tokens_and_words_have_their_signs() {
        check(
            Value::IdRef,
            &["#a"],
            &[(" #a\n", "#a")],
            &["", "#", "a", "##a", "#a b", "http://a/#b", "x.svg#a", "#a)"],
        );
        check(Value::IdRefs, &["", "a b"], &[("a  b", "a b"), (" a", "a")], &["a <", "a(b)"]);
        check(Value::Tokens, &["", "a b", " a\tb "], &[], &["a(b", "a<b", "a\"", "a\u{2028}b", "a;b", "a{b"]);
        check(Value::Words, &["", "a, b: c; \"d\" & 'e' \u{e9}"], &[], &["a(b", "a\\b", "<", ">"]);
    }

    #[test]
    fn a_pattern_matches_the_whole_value() {
        let pattern = |text: &str| Value::pattern(text).expect("a pattern");
        check(pattern("[a-c]+"), &["abc"], &[], &["", "abcd", "xabc", "abc\n", "a\nb"]);
        check(pattern("a|b"), &["a", "b"], &[], &["ab", "ax", "xb"]);
        assert!(Value::pattern("(").is_err());
        // Time in the length: this one has 2^30 ways to fail.
        check(pattern("(a|a)*(a|a)*b"), &[], &[], &[&"a".repeat(5000)]);
    }

    #[test]
    fn times_are_clock_values_and_events_of_ids() {
        check(
            Value::Timing,
            &[
                "",
                "0s",
                "1.5s;2min",
                "02:30:03",
                "indefinite",
                "click",
                "a.end",
                "a.b.end",
                "a.click+1s",
                "a-b.begin-0.5ms",
                "1s;",
            ],
            &[(" 1s ; 2s", "1s;2s")],
            &["a.evil", "accessKey(a)", "javascript:x", "a<.end", ".end", "1x", ":1", "a.end+", "end+x", "a b.end"],
        );
    }

    #[test]
    fn an_animation_has_values_of_what_it_sets() {
        let of = |grammar: Value, text: &str| {
            let plan = plan(source(vec![Value::Animated, grammar]));
            let mut findings = Findings { target: Some(1), ..Findings::default() };
            match plan.judge(0, text.as_bytes(), &mut findings) {
                Verdict::Bad => None,
                Verdict::Written => Some(String::from_utf8(findings.out).expect("UTF-8")),
                _ => Some(text.to_owned()),
            }
        };
        assert_eq!(of(Value::Css, "red; url( #a );").as_deref(), Some("red; url(#a);"));
        assert_eq!(of(Value::Css, "red;url(//e/)"), None);
        assert_eq!(of(numbers(1, 1), "1;2;3").as_deref(), Some("1;2;3"));
        assert_eq!(of(numbers(1, 1), "1;200"), None);
        assert_eq!(of(numbers(1, 1), "1;;2"), None);
        assert_eq!(of(Value::Transform, "1 2;3").as_deref(), Some("1 2;3"));
        assert_eq!(of(Value::Transform, "scale(1)"), None);
        for grammar in [
            Value::Style,
            Value::Timing,
            Value::Animated,
            Value::Text { refused: Vec::new() },
            Value::Url(Media::default()),
        ] {
            assert_eq!(of(grammar, "x"), None);
        }
    }
}

mod urls {
    use super::*;

    fn read(value: &str, media: &Media) -> Option<(Reading, String)> {
        let mut out = Vec::new();
        let reading = url::read(value.as_bytes(), media, &mut out)?;
        Some((reading, String::from_utf8(out).expect("a URL is UTF-8")))
    }

    fn written(value: &str, media: &Media) -> Option<String> {
        read(value, media).map(|(_, url)| url)
    }

    #[test]
    fn a_scheme_has_no_case_and_what_browsers_pass_by_goes() {
        let web = Media { schemes: strings(&["https"]), ..Media::default() };
        for (value, url) in [
            ("https://a", "https://a"),
            ("HTTPS:a", "HTTPS:a"),
            ("\u{1} https://a \u{1f}", "https://a"),
            ("ht\ttp\ns:\r//a", "https://a"),
        ] {
            assert_eq!(written(value, &web).as_deref(), Some(url));
        }
        for value in [
            "",
            "a",
            "/a",
            "//a",
            "\\\\a",
            "#a",
            "http://a",
            "javascript:a",
            "https",
            "xhttps:a",
            ":https",
            "https\u{200b}:a",
            "https:\u{7f}a",
            "https:\u{202e}a",
        ] {
            assert_eq!(read(value, &web), None, "{value:?}");
        }
    }

    #[test]
    fn hosts_fragments_and_relative_urls_are_told_apart() {
        let relative = Media { relative: true, ..Media::default() };
        let both = Media { relative: true, schemes: strings(&["http"]), ..Media::default() };
        let fragment = Media { fragment: true, ..Media::default() };
        for host in ["//a", "\\\\a", "/\\a", "\\/a", " /\t/a"] {
            assert_eq!(read(host, &relative), None);
            assert!(read(host, &both).is_some());
            assert_eq!(read(host, &fragment), None);
        }
        assert_eq!(read("#a", &fragment), Some((Reading::Local, "#a".into())));
        assert_eq!(read("#a", &relative), Some((Reading::Local, "#a".into())));
        assert_eq!(read("#", &fragment), None);
        assert_eq!(read("#", &relative), Some((Reading::Other, "#".into())));
        assert_eq!(read("#a b", &relative), None);
        assert_eq!(read("a/b?c#d", &relative), Some((Reading::Other, "a/b?c#d".into())));
        assert_eq!(read("./a:b", &relative), Some((Reading::Other, "./a:b".into())));
        assert_eq!(read("a:b", &relative), None);
    }

    #[test]
    fn data_has_a_type_and_no_parameters() {
        let data = Media { data: strings(&["image/png"]), ..Media::default() };
        for good in ["data:image/png,a", "DATA:IMAGE/PNG;BASE64,a=", " data:image/png,", "data:image/png,a b"] {
            assert!(read(good, &data).is_some(), "{good:?}");
        }
        for bad in [
            "data:,a",
            "data:image/svg+xml,a",
            "data:image/png;a,b",
            "data:image/png",
            "data:image/png;base64;x,a",
            "data: image/png,a",
            "data:image/png,<",
            "data:image/png,\"",
            "data:image/png,\u{e9}",
        ] {
            assert_eq!(read(bad, &data), None, "{bad:?}");
        }
    }

    #[test]
    fn a_refused_scheme_is_found_however_leniently_it_is_read() {
        let schemes = strings(&["javascript", "vbscript"]);
        for bad in [
            "javascript:",
            "VBScript:x",
            " \n javascript:",
            "j a v a script:",
            "java\u{ad}script:",
            "\u{feff}javascript\u{2028}:",
        ] {
            assert!(url::has_scheme(bad.as_bytes(), &schemes), "{bad:?}");
        }
        for good in
            ["", ":", "javascript", "javascriptx:", "xjavascript:", "java-script:", "\u{e9}javascript:", "javascript/:"]
        {
            assert!(!url::has_scheme(good.as_bytes(), &schemes), "{good:?}");
        }
    }

    #[test]
    fn a_list_is_good_where_each_of_its_urls_is() {
        let web = || Media { schemes: strings(&["https"]), ..Media::default() };
        check(
            Value::Urls(web(), b' '),
            &["", "https:a https:b"],
            &[("https:a  https:b", "https:a https:b")],
            &["https:a javascript:b", "a"],
        );
        check(
            Value::Urls(web(), b','),
            &["https:a,https:b"],
            &[("https:a, https:b", "https:a,https:b")],
            &["https:a,//b"],
        );
    }
}

mod styles {
    use super::*;

    fn sheet(text: &str) -> (String, u64, Vec<(Key, String)>) {
        let plan = plan(source(Vec::new()));
        let (mut findings, mut styled) = (Findings::default(), Styled::default());
        css::sheet(&plan, text, &mut findings, &mut styled);
        let mut pairs: Vec<_> =
            styled.pairs.into_iter().map(|(key, id)| (key, String::from_utf8(id).expect("an id is UTF-8"))).collect();
        pairs.sort_by_key(|pair| format!("{pair:?}"));
        (String::from_utf8(findings.out).expect("a sheet is UTF-8"), findings.dropped, pairs)
    }

    #[test]
    fn a_presentation_attribute_is_words_numbers_colors_and_local_urls() {
        check(
            Value::Css,
            &["", "red", "#fff", "1px 2%", "rgb(1, 2)", "url(#a) none", "'a b'", "calc((1px + 2px)*3)"],
            &[("url( '#a' )", "url(#a)"), ("a/**/b", "a b"), ("u\\72l(#a)", "url(#a)")],
            &[
                "url(a)",
                "url(//a)",
                "url(#a b)",
                "evil(1)",
                "u\\72l(a)",
                "r\\65 d",
                "a;b",
                "{a}",
                "[a]",
                "(a)",
                "\"<\"",
                "a:b",
                "@a",
                "<a",
                "a>b",
                "url(",
                "src('a')",
            ],
        );
    }

    #[test]
    fn declarations_stay_one_by_one() {
        check(
            Value::Style,
            &["", "fill:red", " fill : red ; stroke:blue;", "FILL:red"],
            &[
                ("fill:red;position:fixed", "fill:red"),
                ("fill:red/*a*/", "fill:red"),
                ("a{b}fill:red;stroke:red", "stroke:red"),
                ("fill:url( #a )", "fill:url(#a)"),
                ("fill;stroke:red", "stroke:red"),
            ],
            &["position:fixed", "fill:", "f\\69ll:red", "fill:url(//a)", "--x:1", "/**/"],
        );
    }

    #[test]
    fn the_keys_of_a_selector_are_those_of_its_last_compounds() {
        let key = |text: &str| {
            let (_, _, pairs) = sheet(&format!("{text}{{mask:url(#m)}}"));
            pairs
                .into_iter()
                .map(|(key, id)| {
                    assert_eq!(id, "m");
                    key
                })
                .collect::<Vec<_>>()
        };
        let bytes = |text: &str| text.as_bytes().to_vec();
        assert_eq!(key(".a"), [Key::Class(bytes("a"))]);
        assert_eq!(key("b .a"), [Key::Class(bytes("a"))]);
        assert_eq!(key(".a:hover"), [Key::Class(bytes("a"))]);
        assert_eq!(key("#a"), [Key::Id(bytes("a"))]);
        assert_eq!(key("rect"), [Key::Type(bytes("rect"))]);
        assert_eq!(key("*"), [Key::Any]);
        assert_eq!(key("[a]"), [Key::Any]);
        assert_eq!(key(":not(.a)"), [Key::Any]);
        assert_eq!(key(".a,.b"), [Key::Class(bytes("a")), Key::Class(bytes("b"))]);
    }

    #[test]
    fn what_goes_of_a_sheet_is_counted() {
        assert_eq!(sheet("a{fill:red}"), ("a{fill:red}".into(), 0, Vec::new()));
        assert_eq!(sheet("a{fill:red;x:y;fill:url(a)}").1, 2);
        assert_eq!(sheet("a{fill:red}@import 'x';").1, 1);
        assert_eq!(sheet("a{fill:red}/*b*/").1, 1);
        assert_eq!(sheet("a{fill:red}b").0, "a{fill:red}");
    }

    #[test]
    fn nests_have_a_bottom() {
        for text in ["a{fill:calc(", "a:not(", "a[", "@media a{", "a{fill:("] {
            let (left, _, _) = sheet(&text.repeat(3000));
            assert!(left.len() < 100, "{left}");
        }
    }
}

mod account {
    use super::*;

    /// An element with an id that holds so many others, and is closed.
    fn element(account: &mut Account, id: &str, children: usize, parent: &mut Share) -> Result<(), &'static str> {
        let mut share = account.open(false);
        account.give(id.as_bytes(), &mut share, false)?;
        for _ in 0..children {
            let child = account.open(false);
            assert!(account.close(child, Some(&mut share), false));
        }
        assert!(account.close(share, Some(parent), false));
        Ok(())
    }

    #[test]
    fn a_reference_backwards_draws_what_it_refers_to_again() {
        let mut account = Account::new((100, 10));
        let mut root = account.open(false);
        element(&mut account, "a", 9, &mut root).expect("an id");
        // 11 elements are there, and ten come with each reference.
        let mut taken = 0;
        while account.refer(b"a", &mut root, false).is_ok() {
            taken += 1;
        }
        assert_eq!(taken, 7);
        assert_eq!(account.refer(b"a", &mut root, false), Err("expansion"));
    }

    #[test]
    fn inside_of_an_id_references_lead_backwards_only() {
        let mut account = Account::new((1000, 10));
        let mut root = account.open(false);
        let mut inner = account.open(false);
        account.give(b"a", &mut inner, false).expect("an id");
        assert_eq!(account.refer(b"a", &mut inner, false), Err("cycle"));
        assert_eq!(account.refer(b"b", &mut inner, false), Err("forward-reference"));
        assert!(account.close(inner, Some(&mut root), false));
        assert_eq!(account.refer(b"b", &mut root, false), Ok(()));
        assert_eq!(account.refer(b"a", &mut root, false), Ok(()));
        assert_eq!(account.give(b"a", &mut root, true), Err("duplicate-id"));
    }

    #[test]
    fn what_is_waited_for_counts_when_it_closes() {
        let mut account = Account::new((100, 10));
        let mut root = account.open(false);
        for _ in 0..20 {
            assert_eq!(account.refer(b"a", &mut root, false), Ok(()));
        }
        let mut large = account.open(false);
        account.give(b"a", &mut large, false).expect("an id");
        for _ in 0..9 {
            let child = account.open(false);
            assert!(account.close(child, Some(&mut large), false));
        }
        assert!(!account.close(large, Some(&mut root), false), "twenty times ten elements");
    }

    #[test]
    fn paint_may_come_later_where_it_draws_nothing() {
        let mut account = Account::new((100, 10));
        let mut root = account.open(false);
        let mut inner = account.open(false);
        account.give(b"a", &mut inner, false).expect("an id");
        assert_eq!(account.refer(b"g", &mut inner, true), Ok(()));
        assert_eq!(account.refer(b"h", &mut inner, true), Ok(()));
        assert!(account.close(inner, Some(&mut root), false));
        let mut gradient = account.open(true);
        assert_eq!(account.give(b"g", &mut gradient, false), Ok(()));
        assert!(account.close(gradient, Some(&mut root), false));
        let mut mask = account.open(false);
        assert_eq!(account.give(b"h", &mut mask, false), Err("forward-reference"));
    }

    #[test]
    fn ids_are_counted_given_and_referred_to() {
        let mut account = Account::new((100, 2));
        let mut root = account.open(false);
        element(&mut account, "a", 0, &mut root).expect("the first");
        element(&mut account, "b", 0, &mut root).expect("the second");
        assert_eq!(element(&mut account, "c", 0, &mut root), Err("too-many-ids"));
        assert_eq!(account.refer(b"d", &mut root, false), Ok(()));
        assert_eq!(account.refer(b"e", &mut root, false), Ok(()));
        assert_eq!(account.refer(b"f", &mut root, false), Err("too-many-ids"));
    }

    #[test]
    fn sums_do_not_overflow() {
        let mut account = Account::new((i64::MAX as u64, 1000));
        let mut root = account.open(false);
        let mut last = String::from("i0");
        element(&mut account, &last, 9, &mut root).expect("an id");
        for level in 1..100 {
            let mut share = account.open(false);
            let id = format!("i{level}");
            account.give(id.as_bytes(), &mut share, false).expect("an id");
            for _ in 0..10 {
                if account.refer(last.as_bytes(), &mut share, false).is_err() {
                    return;
                }
            }
            account.close(share, Some(&mut root), false);
            last = id;
        }
        panic!("ten to the hundredth is more than there is room for");
    }
}

mod nests {
    use super::super::html::XHTML;
    use super::*;

    fn of(name: &str) -> u32 {
        class(XHTML, name.as_bytes())
    }

    /// Whether HTML takes the last of these where the others are open around it.
    fn takes(path: &str) -> bool {
        let (around, last) = path.rsplit_once(' ').unwrap_or(("", path));
        let around = around.split_whitespace().fold(Around::default(), |around, name| around.inside(of(name)));
        around.takes(of(last))
    }

    #[test]
    fn html_takes_what_its_tree_construction_leaves_in_place() {
        for path in [
            "p",
            "div p",
            "p b",
            "p a",
            "ul li",
            "ul li ul li",
            "dl dt",
            "dl dd",
            "table tbody",
            "table tr",
            "table tbody tr",
            "table tbody tr td",
            "table caption p",
            "table colgroup col",
            "ruby rt",
            "a p",
            "a div",
            "h1 b h2",
            "p ruby rb",
            "table tr td table",
            "table tr td p",
            "a table tr td a",
            "div div",
            "pre b",
            "span div",
        ] {
            assert!(takes(path), "{path}");
        }
    }

    #[test]
    fn html_does_not_take_what_it_moves_or_closes() {
        for path in [
            "p p",
            "p div",
            "p b div",
            "p ul",
            "p table",
            "p h1",
            "p hr",
            "p pre",
            "li",
            "div li",
            "ul li li",
            "dt",
            "dl dt dd",
            "a a",
            "a b i a",
            "h1 h2",
            "tr",
            "td",
            "caption",
            "col",
            "div tr",
            "tbody",
            "table td",
            "table tbody td",
            "table p",
            "table tbody p",
            "table tr p",
            "table col",
            "table table",
            "table tbody table",
            "table colgroup p",
            "rt",
            "ruby rtc rt",
            "table tr td p p",
            "table caption p div",
        ] {
            assert!(!takes(path), "{path}");
        }
    }

    #[test]
    fn text_stays_but_between_the_parts_of_a_table() {
        for name in ["table", "tbody", "thead", "tr", "colgroup"] {
            assert!(!Around::default().inside(of(name)).takes_text(), "{name}");
        }
        for name in ["td", "th", "caption", "p", "ul", "div"] {
            assert!(Around::default().inside(of(name)).takes_text(), "{name}");
        }
    }

    #[test]
    fn names_of_other_namespaces_mean_nothing_to_html() {
        let page = Around::default().inside(of("p"));
        for (uri, name) in [(&b"urn:x"[..], &b"p"[..]), (b"", b"table"), (b"http://www.w3.org/1999/XHTML", b"div")] {
            assert!(page.takes(class(uri, name)));
        }
        assert!(Around::default().inside(of("p")).takes(0));
        assert!(!Around::default().inside(of("tr")).takes(0));
    }
}
