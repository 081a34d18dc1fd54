//! Reading alone: documents through the null builder, whole and in 64 KiB chunks. `cargo bench -p forkedenc-core FILES`.

use std::hint::black_box;
use std::time::Instant;

use forkedenc_core::cursor::{PADDING, Window};
use forkedenc_core::json::stream::{Chunk, Event, Framing, Stream};
use forkedenc_core::json::{Machine, Null, Rules};
use forkedenc_core::limits::JsonLimits;

fn main() {
    for path in std::env::args().skip(1).filter(|argument| !argument.starts_with('-')) {
        let data = std::fs::read(&path).expect("a readable file");
        let mut padded = data.clone();
        padded.resize(data.len() + PADDING, 0);
        let mut whole = f64::MAX;
        let mut chunked = f64::MAX;
        let mut scratch = Vec::new();
        for _ in 0..200 {
            let start = Instant::now();
            let window = Window::padded(&padded, data.len());
            let mut machine = Machine::new(JsonLimits::DEFAULT, Rules::STDLIB, 0);
            black_box(machine.document(&mut Null, &window)).expect("a document");
            whole = whole.min(start.elapsed().as_secs_f64());
            let start = Instant::now();
            let mut stream = Stream::new(Framing::Single, JsonLimits::DEFAULT, Rules::STDLIB, 0, false);
            for (at, piece) in data.chunks(64 << 10).enumerate() {
                let last = (at + 1) * (64 << 10) >= data.len();
                let event = stream.next(&mut Null, &mut Chunk::new(piece, &mut scratch, last));
                assert!(matches!(event, Event::NeedMore | Event::Document));
            }
            chunked = chunked.min(start.elapsed().as_secs_f64());
        }
        let rate = |seconds: f64| data.len() as f64 / seconds / 1e6;
        println!("{path}: {:.1} us, {:.0} MB/s; in chunks {:.0} MB/s", whole * 1e6, rate(whole), rate(chunked));
    }
}
