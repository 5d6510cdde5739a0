//! How requests prove who sends them, and changing that while calls are made.
//!
//! A change of credentials is not known everywhere at the vendor's at once. So those before it are kept for a while:
//! when the new ones are refused, a call is made once more under them.

use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use http::header::HeaderValue;
use http::{Request, Response, StatusCode};
use problem::Problem;

use super::CallError;
use crate::clock::now_millis;
use crate::token::{TokenError, Tokens};

/// Makes the `Authorization` header of one attempt; called anew for each, since a nonce may be used once only.
pub type Sign = Box<dyn Fn(&Request<Bytes>) -> Result<HeaderValue, String> + Send + Sync>;

/// How requests prove who sends them.
pub enum Auth {
    /// An OAuth 2.0 token, renewed early, and once more when it is refused.
    Bearer(Box<Tokens>),
    /// A signature over each attempt.
    Signed(Sign),
    /// There is none: why, and what to do.
    Missing(Problem),
}

impl Auth {
    /// The header for one attempt, and the token in it.
    pub(super) async fn header(&self, request: &Request<Bytes>) -> Result<(HeaderValue, String), CallError> {
        let (mut value, token) = match self {
            Self::Missing(problem) => return Err(CallError::Credentials(problem.clone())),
            Self::Signed(sign) => (sign(request).map_err(CallError::NotSent)?, String::new()),
            Self::Bearer(tokens) => {
                let token = tokens.get().await.map_err(|e| match e {
                    TokenError::Refused(problem) => CallError::Credentials(problem),
                    TokenError::Away(why) => CallError::NotSent(why),
                })?;
                let value = HeaderValue::from_str(&format!("Bearer {token}"))
                    .map_err(|e| CallError::NotSent(format!("the token is no header value: {e}")))?;
                (value, token)
            }
        };
        value.set_sensitive(true);
        Ok((value, token))
    }
}

/// The credentials in force, and those before them.
pub(super) struct Proofs(RwLock<InForce>);

#[derive(Clone)]
struct InForce {
    current: Arc<Auth>,
    /// Good until then, milliseconds since the epoch.
    previous: Option<(Arc<Auth>, u64)>,
}

impl Proofs {
    pub(super) fn new(current: Auth) -> Self {
        Self(RwLock::new(InForce { current: Arc::new(current), previous: None }))
    }

    pub(super) fn change(&self, current: Auth, previous: Option<(Auth, u64)>) {
        let previous = previous.map(|(auth, until)| (Arc::new(auth), until));
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = InForce { current: Arc::new(current), previous };
    }

    /// Returns the credentials to try, in this order.
    pub(super) fn get(&self) -> (Arc<Auth>, Option<Arc<Auth>>) {
        let InForce { current, previous } = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        (current, previous.filter(|(_, until)| now_millis() < *until).map(|(auth, _)| auth))
    }
}

/// An answer, or why there is none.
type Answered = Result<Response<Bytes>, CallError>;

/// Returns true when the credentials were to blame.
pub(super) fn is_refused(answer: &Answered) -> bool {
    match answer {
        Ok(response) => response.status() == StatusCode::UNAUTHORIZED,
        Err(e) => matches!(e, CallError::Credentials(_)),
    }
}

/// The answer under the credentials before; where those are refused too, people are told of the ones in force.
pub(super) fn told(current: Answered, before: Answered) -> Answered {
    if is_refused(&before) { current } else { before }
}

#[cfg(test)]
mod tests {
    use problem::Code;

    use super::*;

    fn refused(whose: &str) -> Answered {
        Err(CallError::Credentials(Problem::new(Code::VismaTokenRefused, whose, "")))
    }

    #[test]
    fn what_is_told_is_of_the_credentials_in_force() {
        assert!(told(refused("new"), refused("old")).is_err_and(|e| e.to_string().contains("new")));
        let busy = || Err(CallError::NotSent("reset".to_owned()));
        assert!(told(refused("new"), busy()).is_err_and(|e| e.to_string().contains("reset")));
        assert!(told(refused("new"), Ok(Response::new(Bytes::new()))).is_ok());
    }
}
