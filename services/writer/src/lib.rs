//! Takes commands, makes the target hold them exactly once, writes outcomes.
