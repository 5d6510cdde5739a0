//! The token of an administrator's account, for a Commerce PaaS or Open Source where no integration can be made.
//!
//! It is a login like a person's: after six failures Commerce locks the account for half an hour, the person's too, so
//! that a refusal must not be met with another try. The token lives four hours unless the shop says otherwise, and the
//! answer does not tell. Where the second factor is on, which is Commerce's default, this login gives no token.

use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use problem::Code;
use secrecy::{ExposeSecret as _, SecretString};

use crate::reply::Answer;
use crate::requests::{Base, RequestError};

/// Why a login gave no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// A person must act, and Commerce may have counted a failure.
    #[error("{0}")]
    Refused(LoginRefusal),
    /// The shop could not say: the same login may be answered later.
    #[error("Commerce cannot answer a login now: {0}")]
    Away(String),
}

/// Reasons for which a login is refused, each of which a person must know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoginRefusal {
    /// User or password is wrong, the account is locked or switched off, or the address is not the shop's.
    #[error("Commerce refuses the administrator's user and password: {0}")]
    Password(String),
    /// The account needs a second factor.
    #[error("Commerce wants a second factor of the administrator's account: {0}")]
    SecondFactor(String),
}

impl LoginRefusal {
    /// The code of the runbook page.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Password(_) => Code::CommerceLoginRefused,
            Self::SecondFactor(_) => Code::CommerceSecondFactor,
        }
    }

    /// Tells a person what to do.
    #[must_use]
    pub fn what_to_do(&self) -> &'static str {
        match self {
            Self::Password(_) => "correct commerce.admin_token.username and password, or commerce.base_url",
            Self::SecondFactor(_) => {
                "use OAuth 1.0a (commerce.auth = \"oauth1\"), or an account that is free of the second factor"
            }
        }
    }
}

/// `POST /V1/integration/admin/token`. Answered as [`read`] reads.
///
/// # Errors
/// None in practice.
pub fn login(base: &Base, username: &str, password: &SecretString) -> Result<Request<Bytes>, RequestError> {
    let body = serde_json::json!({ "username": username, "password": password.expose_secret() });
    base.post("/V1/integration/admin/token", body.to_string().into())
}

/// The token in the answer to [`login`]: a JSON text, of 32 characters or a JWT (from 2.4.4 on).
///
/// # Errors
/// See [`LoginError`].
pub fn read(response: &Response<Bytes>, now: Timestamp) -> Result<String, LoginError> {
    match Answer::read(response, now) {
        Answer::Ok(body) => match serde_json::from_slice::<String>(&body) {
            Ok(token) if !token.trim().is_empty() => Ok(token.trim().to_owned()),
            Ok(_) | Err(_) => Err(LoginError::Away("the answer holds no token".to_owned())),
        },
        Answer::Unauthorised { message }
        | Answer::NonceRefused { message, .. }
        | Answer::NotFound { message }
        | Answer::Refused { message, .. } => Err(LoginError::Refused(refusal(message))),
        Answer::BusyUntil { message, .. } | Answer::Broken { message, .. } => Err(LoginError::Away(message)),
    }
}

/// Magento_TwoFactorAuth answers with sentences of its own: "Please use the 2fa provider-specific endpoints to obtain a
/// token.", or, to who has not set it up, "You are required to configure personal Two-Factor Authorization".
fn refusal(message: String) -> LoginRefusal {
    let lower = message.to_lowercase();
    if lower.contains("2fa") || lower.contains("two-factor") {
        LoginRefusal::SecondFactor(message)
    } else {
        LoginRefusal::Password(message)
    }
}

#[cfg(test)]
mod tests {
    use super::{LoginError, LoginRefusal, login, read};
    use crate::requests::Base;
    use bytes::Bytes;
    use http::Response;
    use jiff::Timestamp;

    fn answer(status: u16, body: &str) -> Result<String, LoginError> {
        let response = Response::builder().status(status).body(Bytes::from(body.to_owned())).expect("a response");
        read(&response, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn the_login_is_a_post_below_the_base() {
        let base = Base::parse("https://shop.example.com/rest/default").expect("a base");
        let request = login(&base, "ml", &"a \"word\" \u{e6}".into()).expect("a request");
        assert_eq!(request.uri(), "https://shop.example.com/rest/default/V1/integration/admin/token");
        assert_eq!(
            (request.method().as_str(), &request.headers()["content-type"]),
            ("POST", &"application/json".parse().expect("a value"))
        );
        let body: serde_json::Value = serde_json::from_slice(request.body()).expect("JSON");
        assert_eq!(body, serde_json::json!({ "username": "ml", "password": "a \"word\" \u{e6}" }));
    }

    #[test]
    fn a_token_is_a_json_text() {
        assert_eq!(answer(200, "\"eyJraWQ.eyJ1aWQ.sig\"\n").as_deref(), Ok("eyJraWQ.eyJ1aWQ.sig"));
        for body in ["", "\"\"", "{}", "token", "<html>Back soon</html>"] {
            assert!(matches!(answer(200, body), Err(LoginError::Away(_))), "{body}");
        }
    }

    #[test]
    fn a_refusal_is_told_from_a_shop_that_is_away() {
        let wrong = r#"{"message":"The account sign-in was incorrect or your account is disabled temporarily."}"#;
        for status in [400, 401, 403, 404, 301] {
            assert!(matches!(answer(status, wrong), Err(LoginError::Refused(LoginRefusal::Password(_)))), "{status}");
        }
        for status in [408, 429, 500, 502, 503] {
            assert!(matches!(answer(status, "{}"), Err(LoginError::Away(_))), "{status}");
        }
        for message in [
            "Please use the 2fa provider-specific endpoints to obtain a token.",
            "You are required to configure personal Two-Factor Authorization in order to login.",
        ] {
            let body = serde_json::json!({ "message": message }).to_string();
            let refusal = LoginRefusal::SecondFactor(message.to_owned());
            assert_eq!(answer(400, &body), Err(LoginError::Refused(refusal)));
        }
    }
}
