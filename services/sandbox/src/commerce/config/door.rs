//! Settings of who may call, and how they prove it.

use serde::{Deserialize, Serialize};

/// The two kinds of Adobe Commerce, which are reached in different ways.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flavour {
    /// Magento Open Source and Adobe Commerce on one's own servers or in the cloud: `/rest/{store}/V1/…`, OAuth 1.0a or
    /// an administrator's token.
    #[default]
    Paas,
    /// Adobe Commerce as a Cloud Service: `/{tenant}/V1/…`, a token of Adobe's identity service, the store in a header.
    Saas,
}

/// One integration: its four credentials and what it may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Integration {
    /// 32 characters.
    pub consumer_key: String,
    /// The first half of the signing key.
    pub consumer_secret: String,
    /// 32 characters.
    pub access_token: String,
    /// The second half of the signing key.
    pub access_token_secret: String,
    /// An inactive integration is refused as if it had no permissions.
    pub active: bool,
    /// A revoked access token is refused with its own message.
    pub revoked: bool,
    /// ACL resources such as `Magento_Sales::actions_view`; `Magento_Backend::all` grants every one.
    pub resources: Vec<String>,
}

impl Default for Integration {
    /// The credentials that the demo uses. They open nothing but this sandbox.
    fn default() -> Self {
        Self {
            consumer_key: "sandbox0consumer0key000000000001".to_owned(),
            consumer_secret: "sandbox0consumer0secret000000001".to_owned(),
            access_token: "sandbox0access0token000000000001".to_owned(),
            access_token_secret: "sandbox0token0secret000000000001".to_owned(),
            active: true,
            revoked: false,
            resources: all(),
        }
    }
}

fn all() -> Vec<String> {
    vec!["Magento_Backend::all".to_owned()]
}

/// An administrator's account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Admin {
    /// The name to sign in with.
    pub username: String,
    /// The password.
    pub password: String,
    /// True when a second factor is on, as it is by default in a real shop: then this way gives no token.
    pub two_factor: bool,
    /// As for an [`Integration`].
    pub resources: Vec<String>,
}

impl Default for Admin {
    fn default() -> Self {
        Self {
            username: "sandbox-admin".to_owned(),
            password: "sandbox-admin-password-1".to_owned(),
            two_factor: false,
            resources: all(),
        }
    }
}

/// How administrators sign in (`oauth/access_token_lifetime`, `oauth/authentication_lock`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Admins {
    /// The accounts.
    pub accounts: Vec<Admin>,
    /// How long a token lives, in seconds: 4 hours unless set otherwise.
    pub token_seconds: i64,
    /// After this many wrong passwords in a row the account is locked, also for the right one.
    pub lock_after: u32,
    /// For how long, in seconds.
    pub lock_seconds: i64,
}

impl Default for Admins {
    fn default() -> Self {
        Self { accounts: vec![Admin::default()], token_seconds: 4 * 3600, lock_after: 6, lock_seconds: 1800 }
    }
}

/// Adobe's identity service, and what the gateway in front of SaaS asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ims {
    /// The client that gets tokens; also the API key.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// The organisation, as `x-gw-ims-org-id` names it.
    pub org_id: String,
    /// The tenant in the path.
    pub tenant: String,
    /// How long a token lives, in seconds. 24 hours less one in the documentation.
    pub token_seconds: i64,
    /// True when a call without `x-api-key` is refused. Adobe's own client sends it.
    pub require_api_key: bool,
    /// True when a call without `x-gw-ims-org-id` is refused. The documentation names it; Adobe's own client omits it.
    pub require_org_id: bool,
    /// As for an [`Integration`].
    pub resources: Vec<String>,
}

impl Default for Ims {
    fn default() -> Self {
        Self {
            client_id: "sandbox0client0id000000000000001".to_owned(),
            client_secret: "p8e-sandbox-client-secret-000001".to_owned(),
            org_id: "SANDBOX0000000000000001@AdobeOrg".to_owned(),
            tenant: "sandboxtenant0000000001".to_owned(),
            token_seconds: 86_399,
            require_api_key: true,
            require_org_id: false,
            resources: all(),
        }
    }
}
