//! Reading XML alone: documents through the null sink in 64 KiB chunks. `cargo bench -p forkedenc-core --bench xml_null FILES`.

use std::hint::black_box;
use std::time::Instant;

use forkedenc_core::limits::XmlLimits;
use forkedenc_core::xml::{DtdMode, Encodings, Flow, Names, Null, Options, Parser, Rules, Runs};

fn main() {
    let rules = Rules {
        namespaces: true,
        dtd: DtdMode::Internal,
        runs: Runs::Events,
        forbid_entities: false,
        forbid_external: false,
        skip_long: false,
    };
    let options = Options { limits: XmlLimits::DEFAULT, rules, encodings: Encodings::default(), encoding: None };
    for path in std::env::args().skip(1).filter(|argument| !argument.starts_with('-')) {
        let data = std::fs::read(&path).expect("a readable file");
        let (mut best, mut names, mut buffer) = (f64::MAX, Names::default(), Vec::new());
        for _ in 0..60 {
            let start = Instant::now();
            let mut parser = Parser::new(&options, names, 0);
            for piece in data.chunks(64 << 10) {
                assert_eq!(
                    parser.feed(&mut Null, black_box(piece), &mut buffer, false),
                    Flow::NeedMore,
                    "{:?}",
                    parser.error()
                );
            }
            assert_eq!(parser.feed(&mut Null, b"", &mut buffer, true), Flow::Done, "{:?}", parser.error());
            best = best.min(start.elapsed().as_secs_f64());
            names = parser.into_names();
        }
        println!("{path}: {:.1} us, {:.0} MB/s", best * 1e6, data.len() as f64 / best / 1e6);
    }
}
