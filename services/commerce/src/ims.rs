//! Adobe's identity service (IMS), which gives tokens for Commerce as a Cloud Service, and for a PaaS whose
//! administrators sign in with Adobe.
//!
//! OAuth 2.0 client credentials (RFC 6749 section 4.4). There is no refresh token: a token is good for a day, and a new
//! one is asked for before it ends. Scopes are one text with commas, as Adobe's pages write them, and not the list with
//! spaces of the RFC. Behind the gateway the address has neither `/rest` nor the code of a store view; the view is a
//! header.

use problem::Code;
use serde_json::Value;

use crate::requests::{Base, BaseError};

/// Headers by which the gateway knows who calls, and the shop which store view is meant.
#[derive(Debug, Clone, Copy)]
pub struct Gateway<'a> {
    /// `x-api-key`: the client id of the credential.
    pub client_id: &'a str,
    /// `x-gw-ims-org-id`: the organisation, `…@AdobeOrg`; empty leaves it out.
    pub org_id: &'a str,
    /// `Store`: the code of a store view, `default` or `all`; empty leaves it out.
    pub store: &'a str,
}

impl Gateway<'_> {
    /// The base, with these headers on every request.
    ///
    /// # Errors
    /// When one is no header value.
    pub fn open(&self, base: Base) -> Result<Base, BaseError> {
        base.with_header("x-api-key", self.client_id)?
            .with_header("x-gw-ims-org-id", self.org_id)?
            .with_header("store", self.store)
    }
}

/// Why IMS gives no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefusal {
    /// Client id or secret is wrong, or the credential is no server-to-server one.
    #[error("Adobe's identity service does not know this client id and secret: {0}")]
    Client(String),
    /// The credential may not have one of the scopes.
    #[error("the credential may not have one of the scopes that it asks for: {0}")]
    Scope(String),
    /// Something else.
    #[error("Adobe's identity service refuses a token: {0}")]
    Other(String),
}

impl TokenRefusal {
    /// From the body of an answer other than 200, `{"error": "…", "error_description": "…"}`.
    #[must_use]
    pub fn read(body: &[u8]) -> Self {
        let value: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
        let text = |key| value.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        let error = text("error").unwrap_or("no reason given");
        let said = text("error_description").map_or_else(|| error.to_owned(), |more| format!("{error}: {more}"));
        match error {
            "invalid_client" | "unauthorized_client" | "access_denied" => Self::Client(said),
            "invalid_scope" => Self::Scope(said),
            _ => Self::Other(said),
        }
    }

    /// The code of the runbook page.
    #[must_use]
    pub fn code(&self) -> Code {
        Code::CommerceImsRefused
    }

    /// Tells a person what to do.
    #[must_use]
    pub fn what_to_do(&self) -> &'static str {
        match self {
            Self::Client(_) => "compare commerce.ims.client_id and client_secret with the Adobe Developer Console",
            Self::Scope(_) => {
                "add the Adobe Commerce API to the project in the Adobe Developer Console, or correct commerce.ims.scope"
            }
            Self::Other(_) => "check commerce.ims.token_url; the answer above is Adobe's own",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Gateway, TokenRefusal};
    use crate::entity::Entity;
    use crate::requests::{Base, BaseError, record, websites};

    #[test]
    fn the_gateways_headers_are_on_every_request() {
        let base = Base::parse("https://na1-sandbox.api.commerce.adobe.com/7YqXqqwZxnFGhkTR5WqFbv/").expect("a base");
        let gateway = Gateway { client_id: "1f2e", org_id: "ABC@AdobeOrg", store: "default" };
        let base = gateway.open(base).expect("a base");
        for request in [record(&base, Entity::Order, 1), websites(&base)] {
            let request = request.expect("a request");
            assert!(request.uri().path().starts_with("/7YqXqqwZxnFGhkTR5WqFbv/V1/"), "{}", request.uri());
            let sent = |name: &str| request.headers()[name].to_str().expect("text").to_owned();
            assert_eq!(
                [sent("x-api-key"), sent("x-gw-ims-org-id"), sent("store")],
                ["1f2e", "ABC@AdobeOrg", "default"]
            );
        }
    }

    #[test]
    fn an_empty_header_is_left_out_and_a_wrong_one_told() {
        let base = || Base::parse("https://shop.example.com/rest/default").expect("a base");
        let open = |org_id| Gateway { client_id: "1f2e", org_id, store: "" }.open(base());
        let request = record(&open("").expect("a base"), Entity::Order, 1).expect("a request");
        assert!(!request.headers().contains_key("store") && !request.headers().contains_key("x-gw-ims-org-id"));
        assert_eq!(open("a\nb"), Err(BaseError::Header("a\nb".to_owned())));
    }

    #[test]
    fn refusals_say_what_adobe_said() {
        let read = |body: &str| TokenRefusal::read(body.as_bytes());
        let client = read(r#"{"error":"invalid_client","error_description":"invalid client_secret parameter"}"#);
        assert_eq!(client, TokenRefusal::Client("invalid_client: invalid client_secret parameter".to_owned()));
        assert_eq!(read(r#"{"error":"invalid_scope"}"#), TokenRefusal::Scope("invalid_scope".to_owned()));
        assert_eq!(read("<html>"), TokenRefusal::Other("no reason given".to_owned()));
    }
}
