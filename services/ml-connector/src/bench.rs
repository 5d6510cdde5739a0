//! Workbench of the verbs that ask the vendors: the same doors as the services have, under the same budget.

use std::time::Duration;

use ::commerce::requests::Base;
use ::visma::requests::Company;
use pipeline::broker::{self, Broker};
use pipeline::health::Health;
use pipeline::service::{self, Context};
use pipeline::settings::Span;
use pipeline::vendor::Vendor;
use problem::Problem;
use record::Log;

use crate::credentials;
use crate::settings::{Settings, Visma};
use crate::vendors::kept::{Kept, fill_visma};
use crate::vendors::{self, VISMA};

/// A person does not wait for a broker that is away as long as a service does.
const PATIENCE: Duration = Duration::from_secs(10);

/// Connects to the broker of `settings` as the verb `name`.
///
/// # Errors
/// `BROKER_AWAY` when it does not answer.
pub(crate) async fn connect(settings: &Settings, name: &str) -> Result<Broker, Problem> {
    service::crypto_provider();
    broker::connect(&settings.nats, name, &Health::default()).await
}

/// Connects as the verb `name`, and returns the log of the connection.
///
/// # Errors
/// As [`connect`].
pub(crate) async fn log(settings: &Settings, name: &str) -> Result<Log, Problem> {
    Ok(Log::on(&connect(settings, name).await?, &settings.connection))
}

/// An opened workbench.
pub(crate) struct Bench {
    /// The settings.
    pub(crate) settings: Settings,
    /// Context as a service would have it.
    pub(crate) context: Context,
}

impl Bench {
    /// Connects as `name` and opens the vault.
    ///
    /// # Errors
    /// When the broker is away or not provisioned, or the master key does not fit.
    pub(crate) async fn open(mut settings: Settings, name: &'static str) -> Result<Self, Problem> {
        settings.nats.start_timeout = Span(settings.nats.start_timeout.0.min(PATIENCE));
        let context = credentials::context(&settings, name).await?;
        Ok(Self { settings, context })
    }

    /// Visma's API and the company.
    ///
    /// # Errors
    /// When a setting is missing or wrong.
    pub(crate) async fn visma(&self) -> Result<(Vendor, Company), Problem> {
        vendors::visma(&self.settings.visma, &self.context).await
    }

    /// Visma's settings with what the vault keeps of them.
    ///
    /// # Errors
    /// When the vault cannot be read.
    pub(crate) async fn visma_settings(&self) -> Result<Visma, Problem> {
        let kept = Kept::read(&self.context, VISMA).await?;
        Ok(fill_visma(&self.settings.visma, &kept.fields()).0)
    }

    /// Commerce's API and its REST base.
    ///
    /// # Errors
    /// When a setting is missing or wrong.
    pub(crate) async fn commerce(&self) -> Result<(Vendor, Base), Problem> {
        vendors::commerce(&self.settings.commerce, &self.context).await
    }
}
