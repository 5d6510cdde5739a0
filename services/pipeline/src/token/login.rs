//! A token for a user and a password, where too many wrong ones lock the account.
//!
//! The account may be a person's too, so a refusal is remembered: for all processes, and over restarts, in the bucket
//! of what a vendor still allows. The same user and password are tried again only after a long time; others at once,
//! since a person has acted then. A try whose answer was lost may have been refused as well, so few of them are made.

use std::fmt;
use std::time::Duration;

use async_nats::jetstream::kv;
use bytes::Bytes;
use http::{Request, Response, Uri};
use jiff::Timestamp;
use problem::{Code, Problem, chain};
use serde::{Deserialize, Serialize};

use super::TokenError;
use crate::broker::token::key_token;
use crate::broker::{Broker, buckets};
use crate::clock::{now, now_millis};
use crate::http::{Http, SendError};

/// Tries without an answer, after which the account is left alone.
const UNANSWERED: u32 = 3;
/// A try of another process that has not ended is waited for this long; longer than an exchange takes.
const UNDER_WAY: u64 = 90_000;

/// How a login is made and read.
pub struct Login {
    /// Where it is sent.
    pub uri: Uri,
    /// Makes the request; called for each try, so that the password in it does not stay in memory.
    pub request: Box<dyn Fn() -> Result<Request<Bytes>, String> + Send + Sync>,
    /// Reads the answer; [`TokenError::Refused`] means that user and password may have been found wrong.
    pub read: fn(&Response<Bytes>, Timestamp) -> Result<String, TokenError>,
    /// How long a token lives, which the answer does not say.
    pub life: Duration,
    /// Remembers refusals.
    pub guard: Guard,
}

/// Remembers what became of logins of one account.
#[derive(Debug)]
pub struct Guard {
    bucket: kv::Store,
    key: String,
    /// A keyed hash of what the login is made with: another one means that a person has changed it.
    fingerprint: String,
    /// How long a refusal holds.
    back_off: Duration,
}

/// The tries that are remembered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Tries {
    fingerprint: String,
    /// When the last try began, milliseconds since the epoch.
    last_at: u64,
    /// Tries that had no answer since the last one that had.
    unanswered: u32,
    /// The last try may not have ended yet.
    under_way: bool,
    /// Code, sentence and remedy of the last answer, if it was a refusal.
    refusal: Option<(String, String, String)>,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("uri", &self.uri).field("life", &self.life).finish_non_exhaustive()
    }
}

impl Login {
    /// A token and how long it lives.
    pub(super) async fn fetch(&self, http: &Http) -> Result<(String, Duration), TokenError> {
        let request = (self.request)().map_err(TokenError::Away)?;
        let (mut tries, revision) = self.guard.begin().await?;
        tries.under_way = false;
        let answer = match http.send(request).await {
            Ok(answer) => (self.read)(&answer, now()),
            Err(SendError::NotSent(why)) => Err(TokenError::Away(why)),
            Err(SendError::NoAnswer(why)) => {
                self.guard.write(&tries, revision).await?;
                return Err(TokenError::Away(why));
            }
        };
        match &answer {
            Ok(_) => tries.unanswered = 0,
            Err(TokenError::Away(_)) => tries.unanswered = tries.unanswered.saturating_sub(1),
            Err(TokenError::Refused(problem)) => {
                tries.refusal = Some((problem.code.to_string(), problem.sentence.clone(), problem.remedy.clone()));
            }
        }
        // What cannot be written stays under way: the next login waits, and counts this one as unanswered.
        if let Err(error) = self.guard.write(&tries, revision).await {
            tracing::warn!(%error, "what became of a login could not be kept");
        }
        answer.map(|token| (token, self.life)).map_err(|error| match error {
            TokenError::Refused(_) => tries.held(now_millis(), self.guard.back_off).map_or(error, TokenError::Refused),
            TokenError::Away(_) => error,
        })
    }
}

impl Guard {
    /// Remembers logins at the vendor of this name, of the account `owner`; `fingerprint` is a keyed hash of all that
    /// they are made with.
    ///
    /// # Errors
    /// `BROKER_NOT_PROVISIONED`.
    pub async fn open(
        broker: &Broker,
        (vendor, owner): (&str, &str),
        fingerprint: String,
        back_off: Duration,
    ) -> Result<Self, Problem> {
        let bucket = broker.bucket(buckets::BUDGET).await?;
        Ok(Self { bucket, key: format!("{vendor}.{}.login", key_token(owner)), fingerprint, back_off })
    }

    /// Writes that a try begins, if one may; returns what is written, and as which revision.
    async fn begin(&self) -> Result<(Tries, u64), TokenError> {
        let entry = self.bucket.entry(self.key.as_str()).await.map_err(|e| away(&e))?;
        let (tries, revision) = match &entry {
            Some(entry) => match serde_json::from_slice(&entry.value) {
                Ok(tries) => (tries, entry.revision),
                Err(e) => {
                    tracing::warn!(key = self.key, error = %e, "what became of earlier logins cannot be read");
                    let tries = Tries::unknown(&self.fingerprint, now_millis());
                    let revision = self.write(&tries, entry.revision).await?;
                    (tries, revision)
                }
            },
            None => (Tries::default(), 0),
        };
        let tries = tries.next(&self.fingerprint, now_millis(), self.back_off)?;
        let revision = self.write(&tries, revision).await?;
        Ok((tries, revision))
    }

    async fn write(&self, tries: &Tries, revision: u64) -> Result<u64, TokenError> {
        let bytes = serde_json::to_vec(tries).map_err(|e| away(&e))?;
        self.bucket.update(self.key.as_str(), bytes.into(), revision).await.map_err(|e| away(&e))
    }
}

impl Tries {
    /// Tries of which nothing is known: as many as may have been made. One more could lock the account.
    fn unknown(fingerprint: &str, now: u64) -> Self {
        Self { fingerprint: fingerprint.to_owned(), last_at: now, unanswered: UNANSWERED, ..Self::default() }
    }

    /// Returns the entry to write before a try at `now`, or why there is none.
    fn next(self, fingerprint: &str, now: u64, back_off: Duration) -> Result<Self, TokenError> {
        let begun = |unanswered| Self {
            fingerprint: fingerprint.to_owned(),
            last_at: now,
            unanswered,
            under_way: true,
            refusal: None,
        };
        if self.fingerprint != fingerprint {
            return Ok(begun(1));
        }
        if self.under_way && now.saturating_sub(self.last_at) < UNDER_WAY {
            return Err(TokenError::Away("another process logs in just now".to_owned()));
        }
        match self.held(now, back_off) {
            Some(problem) => Err(TokenError::Refused(problem)),
            // After the back-off the count begins anew, as the vendor's does.
            None if self.unanswered >= UNANSWERED || self.refusal.is_some() => Ok(begun(1)),
            None => Ok(begun(self.unanswered + 1)),
        }
    }

    /// Why the account is left alone, if it is.
    fn held(&self, now: u64, back_off: Duration) -> Option<Problem> {
        let back_off = u64::try_from(back_off.as_millis()).unwrap_or(u64::MAX);
        let until = self.last_at.saturating_add(back_off);
        if now >= until {
            return None;
        }
        let until = i64::try_from(until).ok().and_then(|millis| Timestamp::from_millisecond(millis).ok());
        let until = until.map_or_else(|| "a person has acted".to_owned(), |until| format!("{until:.0}"));
        let waits = format!("; so that the account is not locked, the same login is not tried before {until}");
        if let Some((code, sentence, remedy)) = &self.refusal {
            let (code, sentence) = Code::read(code, format!("{sentence}{waits}"));
            return Some(Problem::new(code, sentence, remedy.clone()));
        }
        let sentence = format!("{UNANSWERED} logins in a row had no answer{waits}");
        let remedy = "see whether the vendor's login answers at all; another user or password is tried at once";
        (self.unanswered >= UNANSWERED).then(|| Problem::new(Code::LoginUnanswered, sentence, remedy))
    }
}

fn away(error: &dyn std::error::Error) -> TokenError {
    TokenError::Away(format!("no login without the broker, which remembers refusals: {}", chain(error)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use problem::Code;

    use super::{Tries, UNDER_WAY};
    use crate::token::TokenError;

    const HOUR: Duration = Duration::from_secs(3600);
    const NOW: u64 = 1_769_846_400_000;

    fn answered(tries: Tries, refused: bool) -> Tries {
        let refusal = (Code::CommerceLoginRefused.to_string(), "no".to_owned(), "correct it".to_owned());
        let unanswered = if refused { tries.unanswered } else { 0 };
        Tries { under_way: false, unanswered, refusal: refused.then_some(refusal), ..tries }
    }

    #[test]
    fn a_refusal_holds_until_the_credentials_change_or_the_back_off_is_over() {
        let first = Tries::default().next("a", NOW, HOUR).expect("a try");
        let refused = answered(first, true);
        for later in [1, 60_000, 3_599_999] {
            let again = refused.clone().next("a", NOW + later, HOUR);
            assert!(matches!(&again, Err(TokenError::Refused(p)) if p.code == Code::CommerceLoginRefused), "{again:?}");
        }
        let other = refused.clone().next("b", NOW + 1, HOUR).expect("another password is tried at once");
        assert_eq!((other.unanswered, other.refusal), (1, None));
        let after = refused.next("a", NOW + 3_600_000, HOUR).expect("tried again");
        assert!(after.under_way);
        assert!(matches!(answered(after, true).next("a", NOW + 3_600_001, HOUR), Err(TokenError::Refused(_))));
    }

    #[test]
    fn a_login_that_is_taken_may_be_made_again_at_any_time() {
        let mut tries = Tries::default();
        for login in 0..20 {
            tries = answered(tries.next("a", NOW + login, HOUR).expect("a try"), false);
        }
    }

    #[test]
    fn few_logins_are_made_that_have_no_answer() {
        let mut tries = Tries::default();
        for try_ in 1..=3 {
            tries = Tries { under_way: false, ..tries.next("a", NOW, HOUR).expect("a try") };
            assert_eq!(tries.unanswered, try_);
        }
        let held = tries.clone().next("a", NOW + 1, HOUR);
        assert!(matches!(&held, Err(TokenError::Refused(p)) if p.code == Code::LoginUnanswered), "{held:?}");
        assert_eq!(tries.next("a", NOW + 3_600_000, HOUR).expect("a try").unanswered, 1);
    }

    #[test]
    fn tries_of_which_nothing_is_known_hold_until_the_back_off_is_over_or_the_credentials_change() {
        let unknown = Tries::unknown("a", NOW);
        let held = unknown.clone().next("a", NOW + 1, HOUR);
        assert!(matches!(&held, Err(TokenError::Refused(p)) if p.code == Code::LoginUnanswered), "{held:?}");
        assert!(unknown.clone().next("b", NOW + 1, HOUR).is_ok(), "another password is tried at once");
        assert!(unknown.next("a", NOW + 3_600_000, HOUR).is_ok());
    }

    #[test]
    fn one_process_logs_in_at_a_time() {
        let begun = Tries::default().next("a", NOW, HOUR).expect("a try");
        assert!(matches!(begun.clone().next("a", NOW + UNDER_WAY - 1, HOUR), Err(TokenError::Away(_))));
        // One that was killed in between is a try without an answer.
        assert_eq!(begun.next("a", NOW + UNDER_WAY, HOUR).expect("a try").unanswered, 2);
    }
}
