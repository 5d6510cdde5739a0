//! When so many calls will have been made, by what the windows still take.

use super::Budget;

/// Knowledge of a vendor's windows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outlook {
    /// Calls allowed in a window; `None` when the vendor sets no limit, or has not told it yet.
    pub limit: Option<u64>,
    /// Calls that documents may still take of this window.
    pub left: u64,
    /// When the next window begins, milliseconds since the epoch.
    pub next_at: u64,
    /// How long a window lasts, milliseconds.
    pub length: u64,
    /// Nobody calls before this time, milliseconds since the epoch.
    pub blocked_until: u64,
}

impl Outlook {
    /// When `calls` more calls will have been made if nobody makes others, milliseconds since the epoch. `pace` is how
    /// many a second are made while the window allows it; zero is not known, and then they take no time.
    pub fn done_at(&self, calls: u64, pace: u64, now: u64) -> u64 {
        let takes = |calls: u64| calls.saturating_mul(1_000).checked_div(pace).unwrap_or(0);
        let begin = now.max(self.blocked_until);
        let Some(limit) = self.limit.filter(|limit| *limit > 0) else { return begin.saturating_add(takes(calls)) };
        let (left, next_at) = if begin < self.next_at { (self.left, self.next_at) } else { (limit, begin) };
        // Of this window, what there is time for.
        let now_possible = if pace == 0 || begin >= self.next_at {
            left
        } else {
            left.min((self.next_at - begin).saturating_mul(pace) / 1_000)
        };
        if calls <= now_possible {
            return begin.saturating_add(takes(calls));
        }
        if begin >= self.next_at {
            return after(calls, limit, self.length, begin, takes(limit));
        }
        after(calls - now_possible, limit, self.length, next_at, takes(limit))
    }
}

/// When `calls` are made that begin with a fresh window at `start`; `full` is how long a window's calls take.
fn after(calls: u64, limit: u64, length: u64, start: u64, full: u64) -> u64 {
    let whole = calls.saturating_sub(1) / limit;
    let rest = calls - whole.saturating_mul(limit);
    let time = |calls: u64| u64::try_from(u128::from(full) * u128::from(calls) / u128::from(limit)).unwrap_or(u64::MAX);
    start.saturating_add(whole.saturating_mul(length.max(full))).saturating_add(time(rest))
}

impl Budget {
    /// Returns how many calls the windows still take: for saying when a backlog will be done.
    pub async fn outlook(&self) -> Outlook {
        let mut share = self.0.share.lock().await;
        // Whoever makes no calls has no fresh copy.
        if super::now_millis().saturating_sub(share.seen_at) > super::FRESH
            && let Ok((entry, _)) = self.read().await
        {
            self.see(&mut share, entry);
        }
        let seen = &share.seen;
        let limit = if seen.silent { None } else { seen.limit };
        Outlook {
            limit,
            left: seen.for_documents(self.0.shares).saturating_add(share.in_blocks()),
            next_at: seen.end.latest.saturating_add(super::MARGIN),
            length: seen.length,
            blocked_until: seen.blocked_until,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600_000;

    fn outlook() -> Outlook {
        Outlook { limit: Some(500), left: 120, next_at: 1_000 + HOUR / 2, length: HOUR, blocked_until: 0 }
    }

    #[test]
    fn what_fits_into_this_window_is_done_at_the_pace() {
        assert_eq!(outlook().done_at(100, 10, 1_000), 11_000);
        assert_eq!(outlook().done_at(120, 0, 1_000), 1_000);
    }

    #[test]
    fn what_does_not_fit_takes_as_many_windows_as_it_needs() {
        // 120 now, 500 in each of the next two windows, 30 in the third.
        assert_eq!(outlook().done_at(1_150, 10, 1_000), 1_000 + HOUR / 2 + 2 * HOUR + 3_000);
        // Exactly full windows end within the last of them.
        assert_eq!(outlook().done_at(1_120, 10, 1_000), 1_000 + HOUR / 2 + HOUR + 50_000);
    }

    #[test]
    fn a_slow_pace_counts_where_the_window_would_allow_more() {
        let wide = Outlook { limit: Some(1_000_000), left: 1_000_000, ..outlook() };
        assert_eq!(wide.done_at(7_200, 1, 1_000), 1_000 + 2 * HOUR);
    }

    #[test]
    fn without_a_limit_only_the_pace_and_the_patience_that_was_asked_for_count() {
        let free = Outlook { limit: None, blocked_until: 5_000, ..outlook() };
        assert_eq!(free.done_at(100, 10, 1_000), 15_000);
    }

    #[test]
    fn a_window_that_is_over_is_a_fresh_one() {
        assert_eq!(outlook().done_at(500, 10, 3 * HOUR), 3 * HOUR + 50_000);
    }
}
