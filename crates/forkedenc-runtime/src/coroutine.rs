//! What runs on a [`Stack`]: resumed with input, it asks for more, ends, or fails.

use crate::Stack;

/// How one `resume` ended.
pub enum Step<T, E> {
    /// The input ran out; the state lies on the stack and in the coroutine.
    NeedMore,
    Done(T),
    Failed(E),
}

/// Code that suspends wherever its input ends. All that lives across suspensions is on the stack or in `self`.
pub trait Coroutine {
    type Input<'a>;
    type Output;
    type Error;

    fn resume(&mut self, stack: &mut Stack, input: Self::Input<'_>) -> Step<Self::Output, Self::Error>;
}
