//! Releasing what was compared and found right. Visma answers before it is done, so that nothing is waited for here:
//! the next poll sees the status. What was released before says so, and is done.

use ::visma::etag::Etag;
use ::visma::refusal::Refusal as About;
use ::visma::reply::{Action, Failure, read_action};
use bytes::Bytes;
use effect::update::Reply;
use http::Request;
use pipeline::clock;
use problem::{Code, Problem, chain};
use record::Verdict;
use record::take::Delivery;

use super::Writer;
use super::send::Meaning;
use crate::amend::Updating as _;
use crate::{now, unreadable};

/// A document of the customer's ledger that is to be released.
#[derive(Debug, Clone, Copy)]
pub(super) struct Draft<'a> {
    /// A credit note, or else an invoice.
    pub(super) is_credit_note: bool,
    /// Visma's number.
    pub(super) number: &'a str,
    /// The version that was compared: what was changed since is not released.
    pub(super) etag: Option<&'a Etag>,
    /// On hold, which Visma does not release.
    pub(super) on_hold: bool,
}

impl Writer {
    /// Releases a document in the version that was compared.
    pub(super) async fn release(&self, delivery: &Delivery, draft: Draft<'_>) -> Result<(), Verdict> {
        let unbuildable = |e: &dyn std::error::Error| Verdict::Dead(unreadable(&chain(e)));
        let Draft { is_credit_note, number, etag, on_hold } = draft;
        let mut etag = etag.cloned();
        if let (true, Some(version)) = (on_hold, &etag) {
            let off_hold = match is_credit_note {
                true => self.company.take_credit_note_off_hold(number, version),
                false => self.company.amend_invoice(number, version, ::visma::requests::Amendment::OffHold),
            };
            etag = match self.driver.system.update(&off_hold.map_err(|e| unbuildable(&e))?).await {
                Reply::Updated { etag } => etag.as_deref().and_then(Etag::parse),
                Reply::Stale => return Ok(()),
                Reply::Gone => return Err(gone(number)),
                // An accountant was quicker.
                Reply::Refused(refusal) if refusal.code == About::Released.code() => return Ok(()),
                Reply::Refused(refusal) => {
                    return Err(Verdict::Dead(Problem::new(refusal.code, refusal.sentence, "release it by hand")));
                }
                // Done or not: if it was, the version is another one now, and the next poll compares that.
                Reply::Faulted(refusal) => return Err(again(delivery, number, refusal.code, &refusal.sentence)),
                Reply::NotNow { retry_at, why } => return Err(self.later(retry_at, why)),
                Reply::Uncertain => {
                    return Err(again(delivery, number, Code::VismaAway, "no answer to taking it off hold"));
                }
            };
        }
        let request = match is_credit_note {
            true => self.company.release_credit_note(number, etag.as_ref()),
            false => self.company.release_invoice(number, etag.as_ref()),
        };
        self.act(delivery, number, &request.map_err(|e| unbuildable(&e))?).await
    }

    /// Carries out a release.
    pub(super) async fn act(&self, delivery: &Delivery, number: &str, request: &Request<Bytes>) -> Result<(), Verdict> {
        let meaning = match self.driver.system.answered(request).await {
            Ok(response) => match read_action(&response, clock::now().into()) {
                Ok(Action::Done | Action::Begun) => return Ok(()),
                Ok(Action::Failed(why)) => {
                    let sentence = format!("the release of {number} came to nothing: {why}");
                    let remedy = "correct what Visma's sentence names, and release it in Visma by hand";
                    return Err(Verdict::Dead(Problem::new(Code::ReleaseFailed, sentence, remedy)));
                }
                Err(
                    Failure::Refused { refusal: About::Released, .. }
                    | Failure::Broken { refusal: About::Released, .. },
                ) => return Ok(()),
                Err(failure) => self.driver.system.meant(&failure),
            },
            Err(meaning) => meaning,
        };
        match meaning {
            // Changed since it was compared: the next poll has it compared again.
            Meaning::Stale => Ok(()),
            Meaning::Gone => Err(gone(number)),
            Meaning::Refused(refusal) => {
                let remedy = "correct what Visma's sentence names, and release it in Visma by hand";
                Err(Verdict::Dead(Problem::new(refusal.code, refusal.sentence, remedy)))
            }
            Meaning::Faulted(refusal) => Err(again(delivery, number, refusal.code, &refusal.sentence)),
            Meaning::NotNow { retry_at, why } => Err(self.later(retry_at, why)),
            Meaning::Uncertain => Err(again(delivery, number, Code::VismaAway, "no answer")),
        }
    }

    fn later(&self, at: effect::Millis, why: effect::Pause) -> Verdict {
        self.driver.paused(std::time::Duration::from_millis(at.0.saturating_sub(now().0)), why)
    }
}

/// The release is tried again: it may have been done or not.
fn again(delivery: &Delivery, number: &str, code: Code, why: &str) -> Verdict {
    let remedy = "nothing, unless it goes on: then release it in Visma by hand";
    Verdict::retry(delivery.delivered, Problem::new(code, format!("the release of {number}: {why}"), remedy))
}

fn gone(number: &str) -> Verdict {
    let sentence = format!("document {number} was to be released, and Visma does not hold it any longer");
    Verdict::Dead(Problem::new(Code::DocumentGone, sentence, "look who removed it, and why"))
}
