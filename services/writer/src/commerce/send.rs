//! One comment: the order is read, what it lacks is written, and the order read again, which gives the comment's
//! number.
//!
//! Each answer of Commerce is translated into what it means for the life of the comment.

use std::time::Duration;

use ::commerce::attribute;
use ::commerce::comment::{self, NewComment, NotedOrder};
use ::commerce::reply::Answer;
use bytes::Bytes;
use effect::{Millis, Refusal, Reply, Sending, Step};
use http::Request;
use pipeline::clock;
use pipeline::vendor::{CallError, Permit};
use problem::{Code, Problem, chain};
use proto::Comment;

use super::Api;
use super::bearing::{self, Lacks, chosen, no_order, not_kept, standing};
use crate::create::{Looked, System};
use crate::now;

/// How long it waits when nobody could be reached, or nothing came of an answer.
const AWAY: Duration = Duration::from_secs(2);
/// How often an order's status may change between reading it and noting something on it.
const STATUS_TRIES: usize = 3;

/// Result of one call.
enum Called {
    /// Done; the body.
    Ok(Bytes),
    /// There is no such record, or no such address.
    NotFound,
    /// Read and refused.
    Refused(String),
    /// Nothing was done, for a reason that has nothing to do with this comment.
    Not(Reply),
    /// Commerce failed while it worked on it.
    Broken(String),
    /// No answer is known.
    Unknown,
    /// It could not begin in time.
    TooLate,
}

/// Result of writing one thing on an order.
enum Written {
    /// It is written.
    Done,
    /// The order's status has changed since it was read.
    StatusChanged,
    /// It could not begin in time.
    TooLate,
    /// It is not, or nobody knows.
    Not(Reply),
}

impl System for Api {
    type Key = Comment;
    type Request = Comment;

    async fn permit(&self) -> Result<Permit, Duration> {
        self.vendor.permit().await
    }

    const AWAY: Code = Code::CommerceAway;

    fn trouble(&self) -> Option<Problem> {
        self.vendor.trouble(Self::AWAY).filter(|_| self.vendor.is_away())
    }

    fn passed_since(&self, since: Millis) -> bool {
        self.vendor.passed_since(since.0)
    }

    async fn find(&self, comment: &Comment, _since: Millis) -> Looked {
        match self.order(comment, None).await {
            Ok(order) => Ok(standing(&order, comment)),
            // Where no order is, no comment stands.
            Err(Reply::Refused(_)) => Ok(Vec::new()),
            Err(Reply::NotSent { retry_at } | Reply::Busy { retry_at } | Reply::Unauthorised { retry_at }) => {
                Err(Some(Duration::from_millis(retry_at.0.saturating_sub(now().0))))
            }
            Err(Reply::Created { .. } | Reply::Faulted(_) | Reply::Uncertain) => Err(None),
        }
    }

    async fn send(&self, sending: Sending, mut permit: Option<Permit>, comment: &Comment) -> Step {
        for _ in 0..STATUS_TRIES {
            let order = match self.order(comment, permit.take()).await {
                Ok(order) => order,
                Err(reply) => return sending.answered(reply, now()),
            };
            if let Some(reply) = bearing::reply(&order, comment) {
                return sending.answered(reply, now());
            }
            let by = sending.by().0;
            let written = match comment.text.is_empty() || !order.marked(&comment.mark).is_empty() {
                true => Written::Done,
                false => self.note(&order, comment, by).await,
            };
            // The shop's people are to have the comment, also where the attribute is refused.
            let written = match (written, Lacks::of(&order, comment)) {
                (Written::Done, Ok(lacks)) => self.enter(&order, comment, &lacks, by).await,
                (Written::Done, Err(refusal)) => Written::Not(Reply::Refused(refusal)),
                (written, _) => written,
            };
            let reply = match written {
                Written::TooLate => return sending.missed(),
                Written::StatusChanged => continue,
                Written::Done => self.read_back(comment).await,
                Written::Not(reply) => reply,
            };
            return sending.answered(reply, now());
        }
        sending.answered(Reply::NotSent { retry_at: now().after(AWAY) }, now())
    }
}

impl Api {
    /// Adds the comment.
    async fn note(&self, order: &NotedOrder, comment: &Comment, by: u64) -> Written {
        let new = NewComment { text: &comment.text, visible: comment.visible, status: order.status.as_deref() };
        let request = match comment::add(&self.base, order.entity_id, new) {
            Ok(request) => request,
            Err(e) => return Written::Not(Reply::Refused(refused(&chain(&e)))),
        };
        match self.call(&request, None, by).await {
            Called::Refused(said) if comment::is_other_status(&said) => Written::StatusChanged,
            called => written(called, comment, refused),
        }
    }

    /// Writes the attributes that lack an entry.
    async fn enter(&self, order: &NotedOrder, comment: &Comment, lacks: &Lacks, by: u64) -> Written {
        if lacks.attributes.is_empty() {
            return Written::Done;
        }
        let request = match attribute::write(&self.base, order, &lacks.attributes) {
            Ok(request) => request,
            Err(e) => return Written::Not(Reply::Refused(refused(&chain(&e)))),
        };
        written(self.call(&request, None, by).await, comment, |said| not_kept(comment, Some(said)))
    }

    /// The number of what was just written; looked for later when it cannot be read now.
    async fn read_back(&self, comment: &Comment) -> Reply {
        let Ok(order) = self.order(comment, None).await else { return Reply::Uncertain };
        match bearing::reply(&order, comment) {
            Some(reply) => reply,
            // It said that it has written them; where they show a moment later, a look finds them.
            None if Lacks::of(&order, comment).is_ok_and(|lacks| !lacks.comment) => {
                Reply::Faulted(not_kept(comment, None))
            }
            None => Reply::Uncertain,
        }
    }

    /// The order that a comment belongs on, with what is noted on it; else a reply that says that nothing was done.
    async fn order(&self, comment: &Comment, permit: Option<Permit>) -> Result<NotedOrder, Reply> {
        let request = comment::noted_order(&self.base, &comment.increment_id);
        let request = request.map_err(|e| Reply::Refused(refused(&chain(&e))))?;
        let later = |wait| Reply::NotSent { retry_at: now().after(wait) };
        match self.call(&request, permit, u64::MAX).await {
            Called::Ok(body) => match NotedOrder::decode_list(&body) {
                Ok(orders) => chosen(orders, comment),
                Err(e) => Err(self.shut(Code::CommerceUnreadable, &chain(&e))),
            },
            Called::NotFound => Err(self.shut(Code::CommerceRefused, "it has no list of orders at commerce.base_url")),
            Called::Refused(said) => Err(self.shut(Code::CommerceRefused, &said)),
            Called::Not(reply) => Err(reply),
            Called::Broken(why) => {
                tracing::warn!(why, "Commerce failed on the request for an order");
                Err(later(AWAY))
            }
            Called::Unknown | Called::TooLate => Err(later(self.vendor.away_for().unwrap_or(AWAY))),
        }
    }

    async fn call(&self, request: &Request<Bytes>, permit: Option<Permit>, by: u64) -> Called {
        let permit = match permit {
            Some(permit) => Ok(permit),
            None => self.permit().await.map_err(CallError::Busy),
        };
        let answer = match permit {
            Ok(permit) => self.vendor.call_by(permit, request, by).await,
            Err(busy) => Err(busy),
        };
        match answer {
            Ok(response) => self.meaning(Answer::read(&response, clock::now())),
            Err(CallError::Busy(wait)) => Called::Not(Reply::Busy { retry_at: now().after(wait) }),
            Err(CallError::NotSent(why)) => {
                tracing::warn!(why, "Commerce could not be reached");
                Called::Not(Reply::NotSent { retry_at: now().after(self.vendor.away_for().unwrap_or(AWAY)) })
            }
            Err(CallError::NoAnswer(_)) => Called::Unknown,
            Err(CallError::TooLate) => Called::TooLate,
            Err(CallError::Credentials(problem)) => Called::Not(self.shut(problem.code, &problem.sentence)),
        }
    }

    fn meaning(&self, answer: Answer) -> Called {
        let soon = |wait: Duration| now().after(wait);
        match answer {
            Answer::Ok(body) => Called::Ok(body),
            Answer::NotFound { .. } => Called::NotFound,
            Answer::Refused { message, .. } => Called::Refused(message),
            Answer::NonceRefused { ahead: Some(ahead), .. } => {
                let said = format!("this machine's clock is {} s ahead of the shop's", ahead.as_secs());
                Called::Not(self.shut(Code::CommerceClock, &said))
            }
            // Signed anew, it may be taken.
            Answer::NonceRefused { ahead: None, .. } => {
                Called::Not(Reply::NotSent { retry_at: soon(Duration::from_millis(200)) })
            }
            Answer::Unauthorised { message } => Called::Not(self.shut(Code::CommerceUnauthorised, &message)),
            Answer::BusyUntil { retry_after, .. } => {
                Called::Not(Reply::Busy { retry_at: soon(retry_after.unwrap_or(AWAY)) })
            }
            Answer::Broken { status, message } => Called::Broken(format!("{status}: {message}")),
        }
    }

    /// Keeps every comment out until a person acts.
    fn shut(&self, code: Code, said: &str) -> Reply {
        tracing::error!(%code, said, "Commerce accepts no comments");
        let remedy = "see the runbook page of the code; it is tried again by itself";
        self.vendor.hold(self.refused_wait, &Problem::new(code, said, remedy));
        Reply::Unauthorised { retry_at: now().after(self.refused_wait) }
    }
}

/// Returns what an answer to a write means; `refuse` makes the refusal from the shop's words.
fn written(called: Called, comment: &Comment, refuse: impl FnOnce(&str) -> Refusal) -> Written {
    Written::Not(match called {
        Called::Ok(_) => return Written::Done,
        Called::TooLate => return Written::TooLate,
        Called::NotFound => Reply::Refused(no_order(comment, "it was removed just now")),
        Called::Refused(said) => Reply::Refused(refuse(&said)),
        Called::Broken(said) => Reply::Faulted(broken(&said)),
        Called::Not(reply) => reply,
        Called::Unknown => {
            tracing::warn!(mark = comment.mark, "a comment on an order got no answer; its result is in doubt");
            Reply::Uncertain
        }
    })
}

fn refused(said: &str) -> Refusal {
    Refusal { code: Code::CommentRefused, sentence: format!("Commerce refuses the comment: {said}") }
}

fn broken(said: &str) -> Refusal {
    Refusal { code: Code::CommerceBroken, sentence: format!("Commerce failed over the comment ({said}).") }
}
