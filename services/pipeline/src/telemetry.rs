//! Logs on stderr, and traces by OTLP when `OTEL_EXPORTER_OTLP_ENDPOINT` names a collector.

use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicBool, Ordering};

use async_nats::HeaderMap;
use metrics_tracing_context::MetricsLayer;
use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use serde::Deserialize;
use tracing::{Metadata, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, fmt};

use problem::{Code, Problem};

/// True when spans go anywhere.
static EXPORTING: AtomicBool = AtomicBool::new(false);

/// Name of the span of a connection's work.
const CONNECTION: &str = "connection";

/// The span of a connection's work: its log lines say its name, and its figures have it as a label. At the highest
/// level, so that it is there whatever level is logged.
pub fn span_of_connection(connection: &str) -> Span {
    tracing::error_span!("connection", %connection)
}

/// The span of one delivery, within the trace that its headers carry on; none when no collector is named.
pub fn span_of(stage: &'static str, subject: &str, headers: &HeaderMap) -> Span {
    if !EXPORTING.load(Ordering::Relaxed) {
        return Span::none();
    }
    let span = tracing::info_span!("delivery", stage, subject);
    let parent = TraceContextPropagator::new().extract(&Carrier(headers));
    if let Err(e) = span.set_parent(parent) {
        tracing::debug!(error = %e, "a span has no parent");
    }
    span
}

struct Carrier<'a>(&'a HeaderMap);

impl Extractor for Carrier<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(async_nats::HeaderValue::as_str)
    }

    fn keys(&self) -> Vec<&str> {
        Vec::new()
    }
}

/// How a service logs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// `error`, `warn`, `info`, `debug` or `trace`, or directives such as `info,writer=debug`. `RUST_LOG` wins.
    pub level: String,
    /// `text` for people, `json` for machines.
    pub format: Format,
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// One readable line.
    Text,
    /// One JSON object a line.
    Json,
}

/// Keeps the exporter alive; what is not yet exported goes out when it is dropped.
#[derive(Debug)]
pub struct Telemetry {
    provider: Option<SdkTracerProvider>,
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(Err(e)) = self.provider.take().map(|p| p.shutdown()) {
            tracing::warn!(error = %e, "the last spans could not be exported");
        }
    }
}

/// Shows a person who waits for a verb what it waits for: what is said of the broker, on stderr.
pub fn show_waiting() {
    let directives = std::env::var("RUST_LOG").unwrap_or_else(|_| "off,pipeline::broker=warn".to_owned());
    let lines = fmt::layer().without_time().with_target(false).with_writer(std::io::stderr);
    let lines = lines.with_ansi(std::io::stderr().is_terminal());
    // Somebody else's subscriber will do as well.
    let _ = tracing_subscriber::registry().with(EnvFilter::new(directives)).with(lines).try_init();
}

/// Starts logging and, where a collector is named, tracing, as the service `name`.
///
/// # Errors
/// `TELEMETRY` when the level is no filter or the exporter cannot be built.
pub fn start(name: &'static str, settings: &Settings) -> Result<Telemetry, Problem> {
    let wrong =
        |e: &dyn std::fmt::Display| Problem::new(Code::Telemetry, e.to_string(), "correct [log] or OTEL_* variables");
    let directives = std::env::var("RUST_LOG").unwrap_or_else(|_| settings.level.clone());
    let filter = EnvFilter::try_new(directives).map_err(|e| wrong(&e))?;
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    let lines = match settings.format {
        Format::Text => lines.boxed(),
        Format::Json => fmt::layer().json().with_writer(std::io::stderr).boxed(),
    };
    let provider = if std::env::var_os("OTEL_EXPORTER_OTLP_ENDPOINT").is_some() {
        let exporter = opentelemetry_otlp::SpanExporter::builder().with_http().build().map_err(|e| wrong(&e))?;
        EXPORTING.store(true, Ordering::Relaxed);
        let resource = Resource::builder().with_service_name(name).build();
        Some(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
    } else {
        None
    };
    let spans = provider.as_ref().map(|p| tracing_opentelemetry::layer().with_tracer(p.tracer("ml-connector")));
    let is_connection = |what: &Metadata<'_>| what.is_span() && what.name() == CONNECTION;
    // Labels are there whatever is logged. The span of a connection's work lasts as long as that: it is not exported.
    let labels = MetricsLayer::new().with_filter(filter_fn(is_connection));
    let spans = spans.with_filter(filter.clone()).with_filter(filter_fn(move |what| !is_connection(what)));
    let registry = tracing_subscriber::registry().with(labels);
    registry.with(lines.with_filter(filter)).with(spans).try_init().map_err(|e| wrong(&e))?;
    Ok(Telemetry { provider })
}
