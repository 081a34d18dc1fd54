//! What runs on a [`Stack`]: resumed with input, it asks for more, ends, or fails.

use crate::Stack;

/// How one [`Coroutine::resume`] ended.
#[derive(Debug)]
pub enum Step<T, E> {
    /// The input is used up. All that matters lies on the stack and in the coroutine; it goes on at the next `resume`.
    NeedMore,
    /// It has ended, with this.
    Done(T),
    /// It has failed, and can't go on.
    Failed(E),
}

/// Code that suspends wherever its input ends, inside a token as well.
///
/// What lives across a suspension is in the coroutine (the few words of a cut token) or on the stack (one frame for each
/// open container): numbers and offsets, never an address and never a borrow of the input, which may be gone when it goes
/// on. Nothing is kept on the native stack, so the depth of a document costs memory that is measured and bounded, and
/// nothing else. That is also why a half-run coroutine can be cloned by [`Stack::fork`] and a copy of its own words.
///
/// A driver calls [`Stack::resume`] before each `resume`, and [`Stack::suspend`] after each that asked for more; after
/// `Done` or `Failed` it drops the stack, or truncates it for the next document of the stream.
///
/// ```
/// use forkedenc_runtime::{Coroutine, Overflow, Stack, Step};
///
/// /// Counts how deep the brackets go.
/// #[derive(Default)]
/// struct Brackets {
///     deepest: usize,
/// }
///
/// impl Coroutine for Brackets {
///     type Input<'a> = &'a [u8];
///     type Output = usize;
///     type Error = Overflow;
///
///     fn resume(&mut self, stack: &mut Stack, input: &[u8]) -> Step<usize, Overflow> {
///         for (offset, byte) in input.iter().enumerate() {
///             if *byte == b'[' {
///                 if let Err(overflow) = stack.push([offset as u64, 0]) {
///                     return Step::Failed(overflow);
///                 }
///             } else {
///                 let [_offset, _] = stack.pop();
///             }
///             self.deepest = self.deepest.max(stack.used() / 16);
///             if stack.used() == 0 {
///                 return Step::Done(self.deepest);
///             }
///         }
///         Step::NeedMore
///     }
/// }
///
/// let (mut brackets, mut stack) = (Brackets::default(), Stack::new(0, usize::MAX));
/// for chunk in ["[[", "][", "]]"] {
///     stack.resume();
///     match brackets.resume(&mut stack, chunk.as_bytes()) {
///         Step::NeedMore => stack.suspend(),
///         Step::Done(deepest) => assert_eq!(deepest, 2),
///         Step::Failed(overflow) => panic!("{overflow}"),
///     }
/// }
/// ```
pub trait Coroutine {
    /// What it is fed with.
    type Input<'a>;
    /// What it ends with.
    type Output;
    /// What it fails with.
    type Error;

    /// Runs until the input is used up, or the end, or a failure.
    fn resume(&mut self, stack: &mut Stack, input: Self::Input<'_>) -> Step<Self::Output, Self::Error>;
}
