//! How patient we are. The figures are a vendor's, so they are settings; what they must satisfy together is checked
//! here.

use std::time::Duration;

/// The patience of one target.
///
/// Absent is believed at `doubt_wait` after the intent and after `looks` looks, spaced. For that to be a proof,
/// `doubt_wait + (looks − 1) × look_spacing` must cover, one after the other: `send_within`, the time for which a
/// request may be on its way, the vendor's limit for working on one request, the lag of the vendor's lists behind its
/// writes, and the difference between the clocks involved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// From the intent on: how long the vendor may still be working on what was sent. Visma works on a synchronous
    /// request for up to 4 minutes (its page on the background API), so that plus a margin.
    pub doubt_wait: Duration,
    /// From the intent on: how long a send may still be started under it. Later, the intent is written anew.
    pub send_within: Duration,
    /// How many looks, all begun after the wait, must find nothing before absent is believed.
    pub looks: u32,
    /// Between two such looks. Looks during the wait start with this distance and grow with the intent's age.
    pub look_spacing: Duration,
    /// After an answer that was a fault of the vendor's: it works no more on the request, but what it did may not show
    /// in its lists yet.
    pub fault_wait: Duration,
    /// Sends without a usable answer before a person is asked.
    pub attempts: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            doubt_wait: Duration::from_secs(5 * 60),
            send_within: Duration::from_secs(20),
            looks: 2,
            look_spacing: Duration::from_secs(15),
            fault_wait: Duration::from_secs(15),
            attempts: 3,
        }
    }
}

impl Policy {
    /// # Errors
    /// The first relation between the figures that cannot hold.
    pub fn check(&self) -> Result<(), PolicyError> {
        if self.send_within >= self.doubt_wait {
            return Err(PolicyError::SendWithin { send_within: self.send_within, doubt_wait: self.doubt_wait });
        }
        if self.send_within.is_zero() {
            return Err(PolicyError::NoTimeToSend);
        }
        if self.looks == 0 {
            return Err(PolicyError::NoLooks);
        }
        if self.attempts == 0 {
            return Err(PolicyError::NoAttempts);
        }
        Ok(())
    }
}

/// Why a policy cannot keep one document one document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// A send could start after the doubt about it is over.
    #[error("send_within ({send_within:?}) must be shorter than doubt_wait ({doubt_wait:?})")]
    SendWithin {
        /// As configured.
        send_within: Duration,
        /// As configured.
        doubt_wait: Duration,
    },
    /// No intent would ever allow a send.
    #[error("send_within must be longer than nothing")]
    NoTimeToSend,
    /// Absent would be believed unseen.
    #[error("looks must be at least 1")]
    NoLooks,
    /// Nothing would ever be sent.
    #[error("attempts must be at least 1")]
    NoAttempts,
}
