//! Values that Visma Connect wants for a token, and the meaning of its refusals.
//!
//! OAuth 2.0 client credentials (RFC 6749, section 4.4) with one parameter of Visma's own. There is no refresh token: a
//! new token is asked for, in good time before the hour is over. One token is one company.

use problem::Code;
use serde_json::Value;

/// Where tokens come from, unless configured otherwise.
pub const TOKEN_URL: &str = "https://connect.visma.com/connect/token";

/// The scopes that are asked for, unless configured otherwise.
pub const SCOPES: [&str; 4] = [
    "vismanet_erp_service_api:create",
    "vismanet_erp_service_api:read",
    "vismanet_erp_service_api:update",
    "vismanet_erp_service_api:delete",
];

/// The parameter beside the standard ones: the tenant id of the *company*. That of the customer, which stands beside it
/// in Visma's pages, gives a token that every call answers with 401.
pub const TENANT_PARAMETER: &str = "tenant_id";

/// Why there is no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefusal {
    /// Client id or secret is wrong.
    #[error("Visma Connect does not know this client id and secret")]
    Client,
    /// The client may not ask for one of the scopes.
    #[error("the integration may not have one of the scopes that it asks for")]
    Scope,
    /// The tenant has not approved the integration, or does not exist.
    #[error("the company (tenant_id) has not approved this integration, or there is no such company")]
    Tenant,
    /// The client may not use this grant.
    #[error("the integration is not registered for client credentials")]
    Grant,
    /// Something else.
    #[error("Visma Connect refuses a token: {0}")]
    Other(String),
}

impl TokenRefusal {
    /// From the body of an answer other than 200, `{"error": "…", "error_description": "…"}`.
    #[must_use]
    pub fn read(body: &[u8]) -> Self {
        let value: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
        let text = |key| value.get(key).and_then(Value::as_str);
        match text("error") {
            Some("invalid_client") => Self::Client,
            Some("invalid_scope") => Self::Scope,
            Some("invalid_tenant") => Self::Tenant,
            Some("unauthorized_client" | "unsupported_grant_type") => Self::Grant,
            Some(error) => {
                Self::Other(text("error_description").map_or_else(|| error.to_owned(), |d| format!("{error}: {d}")))
            }
            None => Self::Other(crate::reply::plain(body)),
        }
    }

    /// The code of the runbook page.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Client => Code::VismaClientRefused,
            Self::Scope => Code::VismaScopeRefused,
            Self::Tenant => Code::VismaTenantRefused,
            Self::Grant | Self::Other(_) => Code::VismaTokenRefused,
        }
    }

    /// Tells a person what to do.
    #[must_use]
    pub fn what_to_do(&self) -> &'static str {
        match self {
            Self::Client => {
                "Compare client id and secret with the Visma Developer Portal; a new secret replaces the old one."
            }
            Self::Scope => "Request the scopes for the integration in the Visma Developer Portal, or configure fewer.",
            Self::Tenant => {
                "Have an administrator of the company approve the integration in the Visma App Store, and check that \
                 tenant_id is the company's and not the customer's."
            }
            Self::Grant => "Register the integration as a service (machine to machine) in the Visma Developer Portal.",
            Self::Other(_) => "Check the token URL and try again; the answer above is Visma Connect's own.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_has_its_code() {
        let code = |body: &str| TokenRefusal::read(body.as_bytes()).code();
        assert_eq!(code(r#"{"error":"invalid_client"}"#), Code::VismaClientRefused);
        assert_eq!(code(r#"{"error":"invalid_scope"}"#), Code::VismaScopeRefused);
        assert_eq!(code(r#"{"error":"invalid_tenant"}"#), Code::VismaTenantRefused);
        assert_eq!(code(r#"{"error":"slow_down"}"#), Code::VismaTokenRefused);
        let other = TokenRefusal::read(b"<html><body>Bad gateway</body></html>");
        assert_eq!(other, TokenRefusal::Other("Bad gateway".to_owned()));
    }
}
