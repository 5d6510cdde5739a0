//! The table of nonces, with the ways in which Magento's differs from what one would expect.
//!
//! A nonce is stored *before* the signature is checked, so that a refused call has used it up; it is remembered per
//! consumer; the column holds 32 characters and cuts longer ones without a word, so that two long nonces with the
//! same first 32 characters collide as a storage error. Timestamps have an upper bound and no lower one. All measured
//! on 2.4.7.

use std::collections::HashMap;

/// How far a timestamp may be ahead of the server's clock, in seconds.
const AHEAD: i64 = 600;
/// How long a nonce is remembered, in seconds, counted from its own timestamp.
const REMEMBERED: i64 = 120 * 60;
/// One in this many saves sweeps the old ones away.
const SWEEP_EVERY: u64 = 100;
/// The width of the column.
const WIDTH: usize = 32;

/// Why a nonce was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// This consumer has used it.
    Used,
    /// Anything else, a clock that is wrong included: the message does not say which.
    Invalid,
}

/// The nonces that were seen, by consumer.
#[derive(Debug, Default)]
pub(crate) struct Nonces {
    seen: HashMap<(usize, String), i64>,
    saves: u64,
}

impl Nonces {
    /// Stores a nonce of a consumer, or says why not. `now` and `timestamp` are seconds since 1970.
    pub(crate) fn take(&mut self, consumer: usize, nonce: &str, timestamp: &str, now: i64) -> Result<(), Refused> {
        let timestamp = leading_integer(timestamp);
        if timestamp <= 0 || timestamp > now.saturating_add(AHEAD) {
            return Err(Refused::Invalid);
        }
        if self.seen.contains_key(&(consumer, nonce.to_owned())) {
            return Err(Refused::Used);
        }
        let stored: String = nonce.chars().take(WIDTH).collect();
        if self.seen.contains_key(&(consumer, stored.clone())) {
            return Err(Refused::Invalid);
        }
        self.seen.insert((consumer, stored), timestamp);
        self.saves = self.saves.wrapping_add(1);
        if self.saves.is_multiple_of(SWEEP_EVERY) {
            self.seen.retain(|_, at| *at >= now.saturating_sub(REMEMBERED));
        }
        Ok(())
    }
}

/// PHP's `(int)$text`: the digits in front, 0 without any.
fn leading_integer(text: &str) -> i64 {
    let text = text.trim_start();
    let end = text.char_indices().find(|(at, c)| !(c.is_ascii_digit() || (*at == 0 && matches!(c, '-' | '+'))));
    let digits = text.get(..end.map_or(text.len(), |(at, _)| at)).unwrap_or_default();
    digits.parse().unwrap_or(if digits.len() > 2 { i64::MAX } else { 0 })
}
