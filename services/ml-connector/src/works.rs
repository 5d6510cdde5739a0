//! The services, put together: what each does for a connection, out of that connection's settings.

use std::path::PathBuf;
use std::rc::Rc;

use ingestor::commerce::Doors;
use jiff::{Timestamp, ToSpan as _};
use pipeline::identity::Identity;
use pipeline::poll;
use pipeline::service::{self, Context, Part, Parts, Read, Work};
use problem::Problem;
use record::streams::Durable;

use crate::cli::Service;
use crate::settings::{Connections, Settings};
use crate::{accounts, identity, vendors};

/// Every durable consumer of the house.
pub(crate) const DURABLES: [Durable; 4] =
    [ingestor::commerce::DURABLE, mapper::DURABLE, writer::visma::DURABLE, writer::commerce::DURABLE];

/// Runs a service for the connections that are named, or for all.
///
/// # Errors
/// The problem that kept it from starting, or ended the work of its only connection.
pub(crate) async fn run(which: Service, config: Option<PathBuf>, names: Vec<String>) -> Result<(), Problem> {
    let shell = Connections::load(config.as_deref())?.common.shell();
    let doors = Doors::default();
    let read: Read = Box::new(move || {
        let connections = Connections::load(config.as_deref())?;
        let part = |(name, settings): (String, Result<Settings, Problem>)| {
            let nats = settings.as_ref().map_or_else(|_| connections.common.nats.clone(), |own| own.nats.clone());
            let identity = settings.as_ref().map_or_else(|_| Identity::new(&name, []), identity::of);
            let (digest, work) =
                (connections.digest(&name), settings.and_then(|settings| work((which, &doors), settings)));
            Part { connection: name, identity, nats, digest, work }
        };
        let parts = connections.named(&names)?.into_iter().map(part).collect();
        Ok(Parts { parts, files: connections.files() })
    });
    service::run(name(which), shell, read).await
}

fn name(which: Service) -> &'static str {
    match which {
        Service::IngestorCommerce => ingestor::commerce::NAME,
        Service::IngestorVisma => ingestor::visma::NAME,
        Service::Mapper => mapper::NAME,
        Service::WriterVisma => writer::visma::NAME,
        Service::WriterCommerce => writer::commerce::NAME,
    }
}

/// A service's work with these settings.
fn work((which, doors): (Service, &Doors), settings: Settings) -> Result<Work, Problem> {
    let settings = Rc::new(settings);
    Ok(match which {
        Service::IngestorCommerce => {
            let scope = settings.scope()?;
            settings.webhook_secret()?;
            let doors = doors.clone();
            Rc::new(move |context| {
                let (settings, scope, doors) = (Rc::clone(&settings), scope.clone(), doors.clone());
                Box::pin(read_commerce(settings, scope, doors, context))
            })
        }
        Service::IngestorVisma => {
            let (prefix, scope) = (settings.load_mapping()?.reference_prefix().to_owned(), settings.scope()?);
            Rc::new(move |context| {
                let (settings, prefix, scope) = (Rc::clone(&settings), prefix.clone(), scope.clone());
                Box::pin(read_visma(settings, prefix, scope, context))
            })
        }
        Service::Mapper => {
            let (mapping, scope) = (Rc::new(settings.answered_mapping()?), settings.scope()?);
            Rc::new(move |context| {
                let (mapping, scope) = (mapping.as_ref().clone(), scope.clone());
                Box::pin(decide(Rc::clone(&settings), mapping, scope, context))
            })
        }
        Service::WriterVisma => {
            let (prefix, scope) = (settings.load_mapping()?.reference_prefix().to_owned(), settings.scope()?);
            Rc::new(move |context| {
                let (settings, prefix, scope) = (Rc::clone(&settings), prefix.clone(), scope.clone());
                Box::pin(write_visma(settings, prefix, scope, context))
            })
        }
        Service::WriterCommerce => Rc::new(move |context| Box::pin(write_commerce(Rc::clone(&settings), context))),
    })
}

async fn read_commerce(
    settings: Rc<Settings>,
    scope: mapping::Scope,
    doors: Doors,
    context: Context,
) -> Result<(), Problem> {
    poll::beginning(&context.health);
    let source = Box::pin(shop(&settings, scope, doors, &context)).await?;
    Box::pin(ingestor::commerce::run(context, source)).await
}

async fn read_visma(
    settings: Rc<Settings>,
    prefix: String,
    scope: mapping::Scope,
    context: Context,
) -> Result<(), Problem> {
    poll::beginning(&context.health);
    let (vendor, company) = vendors::visma_of_service(&settings.visma, &context).await?;
    vendors::company_is_shown(&context, &vendor, &company).await?;
    vendors::keep_tenant(&settings.visma, &context).await?;
    let (poll, zone) = (settings.visma.poll.clone(), settings.time_zone.clone());
    let from = a_day_before(scope.go_live).to_zoned(jiff::tz::TimeZone::UTC).datetime().into();
    let sweep = settings.visma.sweep.clone();
    let source = ingestor::visma::Source { vendor, company, poll, sweep, zone, prefix, from };
    Box::pin(ingestor::visma::run(context, source)).await
}

async fn decide(
    settings: Rc<Settings>,
    mapping: mapping::Mapping,
    scope: mapping::Scope,
    context: Context,
) -> Result<(), Problem> {
    let rules = mapper::Rules { mapping, scope, comments: settings.comments.clone() };
    let (interval, settles) = (settings.drift.interval.0, accounts::settles(&settings));
    accounts::count_aside(context.clone(), interval, settles);
    mapper::run(context, rules).await
}

async fn write_visma(
    settings: Rc<Settings>,
    prefix: String,
    scope: mapping::Scope,
    context: Context,
) -> Result<(), Problem> {
    let (vendor, company) = vendors::visma_of_service(&settings.visma, &context).await?;
    vendors::company_is_shown(&context, &vendor, &company).await?;
    let (create, documents) = (settings.visma.create.clone(), settings.visma.documents.clone());
    let from = a_day_before(scope.go_live).to_zoned(jiff::tz::TimeZone::UTC).datetime().into();
    let target = writer::visma::Target { vendor, company, settings: create, documents, prefix, from };
    Box::pin(writer::visma::run(context, target)).await
}

async fn write_commerce(settings: Rc<Settings>, context: Context) -> Result<(), Problem> {
    let (vendor, base) = vendors::commerce(&settings.commerce, &context).await?;
    let target = writer::commerce::Target { vendor, base, settings: settings.commerce.comment.clone() };
    writer::commerce::run(context, target).await
}

/// The shop, as its ingestor reads it.
async fn shop(
    settings: &Settings,
    scope: mapping::Scope,
    doors: Doors,
    context: &Context,
) -> Result<ingestor::commerce::Source, Problem> {
    let (vendor, base) = vendors::commerce(&settings.commerce, context).await?;
    Ok(ingestor::commerce::Source {
        vendor,
        base,
        poll: settings.commerce.poll.clone(),
        sweep: settings.commerce.sweep.clone(),
        zone: settings.time_zone.clone(),
        secrets: vendors::webhook_secrets(&settings.commerce.webhook, context).await?,
        doors,
        webhook: settings.commerce.webhook.clone(),
        from: a_day_before(scope.go_live),
        stores: scope.stores,
        websites: scope.websites,
    })
}

/// The go-live date is in the company's time zone, Commerce's stamps are in UTC: a day covers every zone. Mapping is
/// exact.
fn a_day_before(go_live: Option<jiff::civil::DateTime>) -> Timestamp {
    let utc = go_live.and_then(|date| date.to_zoned(jiff::tz::TimeZone::UTC).ok());
    utc.and_then(|date| date.checked_sub(1.day()).ok()).map_or(Timestamp::MAX, |date| date.timestamp())
}
