//! The shop and the company that the settings are of.
//!
//! `provision` keeps what the settings show. The tenant may stand in the vault alone, where `provision` does not look.
//! So `ingestor-visma` keeps the first one under which Visma has shown it the company, and it and `writer-visma` call
//! under no other.

use pipeline::broker::Broker;
use pipeline::cursor::Cursor;
use pipeline::identity::{Difference, Identity, taken};
use problem::Problem;
use url::Url;

use crate::settings::Settings;

/// The name of the part, with hyphens between its words.
const TENANT: &str = "Visma-tenant";

/// Returns the shop and the company that the connection of the settings is of.
pub(crate) fn of(settings: &Settings) -> Identity {
    let visma = &settings.visma;
    let parts = [
        ("shop", address(settings.commerce.shop())),
        ("Visma", address(&visma.base_url)),
        (TENANT, visma.tenant_id.clone()),
        ("Visma-company", visma.company_id.clone()),
    ];
    Identity::new(&settings.connection, parts)
}

/// An address as two settings of one place have it.
fn address(text: &str) -> String {
    match Url::parse(text.trim()) {
        Ok(url) => url.origin().ascii_serialization() + url.path().trim_end_matches('/'),
        Err(_) => text.trim().to_owned(),
    }
}

/// The tenant that a connection's services call Visma under.
#[derive(Debug, Clone)]
pub(crate) struct Tenant {
    broker: Broker,
    connection: String,
    cursor: Cursor,
}

impl Tenant {
    /// Opens what is kept of it.
    ///
    /// # Errors
    /// `BROKER_NOT_PROVISIONED` when the bucket is not there.
    pub(crate) async fn open(broker: &Broker, connection: &str) -> Result<Self, Problem> {
        let cursor = Cursor::open(broker, connection, "visma.tenant").await?;
        Ok(Self { broker: broker.clone(), connection: connection.to_owned(), cursor })
    }

    /// The tenant that is kept.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub(crate) async fn kept(&self) -> Result<Option<String>, Problem> {
        self.broker.until_answered(WHAT, || self.cursor.read(), |_| false).await?
    }

    /// Keeps `tenant` if none is kept yet.
    ///
    /// # Errors
    /// `CONNECTION_TAKEN` when another one is, and when the broker does not confirm it.
    pub(crate) async fn keep(&self, tenant: &str) -> Result<(), Problem> {
        let keep = || self.cursor.keep(tenant.to_owned());
        let kept = self.broker.until_answered(WHAT, keep, |_| false).await??;
        self.other(&kept, tenant).map_or(Ok(()), Err)
    }

    /// Why nothing is called under `tenant`: another one is kept.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub(crate) async fn refused(&self, tenant: &str) -> Result<Option<Problem>, Problem> {
        Ok(self.kept().await?.and_then(|kept| self.other(&kept, tenant)))
    }

    /// Forgets it, so that the next one is kept.
    ///
    /// # Errors
    /// When the broker does not confirm it.
    pub(crate) async fn forget(&self) -> Result<(), Problem> {
        self.cursor.forget().await
    }

    /// The difference between the tenant that is kept and another one; none without a tenant.
    pub(crate) fn difference(kept: &str, tenant: &str) -> Option<Difference> {
        let differs = !tenant.is_empty() && tenant != kept;
        differs.then(|| Difference { part: TENANT.replace('-', " "), kept: kept.to_owned(), set: tenant.to_owned() })
    }

    fn other(&self, kept: &str, tenant: &str) -> Option<Problem> {
        Self::difference(kept, tenant).map(|difference| taken(&self.connection, &[difference]))
    }
}

/// Words for what the broker is asked for.
const WHAT: &str = "the tenant of the connection";

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn one_place_has_one_address() {
        for text in ["https://shop.example.com", "HTTPS://Shop.example.com:443/", " https://shop.example.com// "] {
            assert_eq!(address(text), "https://shop.example.com", "{text}");
        }
        assert_eq!(address("http://127.0.0.1:80/a"), "http://127.0.0.1/a");
        assert_eq!(address(""), "");
    }
}
