//! OpenTelemetry metrics and spans (docs/contract/telemetry.md).
//!
//! Off unless `[otel]` in config.toml names an exporter: until then nothing is built, no thread runs, and every
//! function here is a look at one variable. The first configuration with an exporter counts for the process.
//!
//! Where to look: `settings` (`[otel]`), `export` (OTLP over HTTP).

mod export;
mod settings;

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use opentelemetry::metrics::{Counter, Histogram, Meter, MeterProvider as _};
use opentelemetry::trace::{
    Span as _, SpanContext, Status, TraceContextExt as _, Tracer as _, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, Span as SdkSpan};

pub use settings::OtelError;
use settings::OtelSettings;

/// How long the last metrics and spans may take to leave at the end of the process.
const FLUSH_TIME: Duration = Duration::from_millis(500);

static TELEMETRY: OnceLock<Telemetry> = OnceLock::new();

struct Telemetry {
    metrics: Option<Metrics>,
    traces: Option<(SdkTracerProvider, SdkTracer)>,
}

struct Metrics {
    provider: SdkMeterProvider,
    meter: Meter,
    /// Instruments by name. Locked for a look-up, and only when metrics are on.
    counters: Mutex<HashMap<&'static str, Counter<u64>>>,
    histograms: Mutex<HashMap<&'static str, Histogram<f64>>>,
}

/// Starts to export if this `[otel]` table asks for it and nothing did before. Call it within the runtime.
pub fn configure(table: Option<&toml::Table>) -> Result<(), OtelError> {
    let Some(table) = table.filter(|_| TELEMETRY.get().is_none()) else {
        return Ok(());
    };
    let settings = OtelSettings::read(table)?;
    if settings.metrics.is_none() && settings.traces.is_none() {
        return Ok(());
    }
    let resource = export::resource(&settings.environment);
    let metrics = match &settings.metrics {
        None => None,
        Some(to) => {
            let provider = export::meter_provider(to, resource.clone())?;
            Some(Metrics {
                meter: provider.meter("codex-app-server"),
                provider,
                counters: Mutex::default(),
                histograms: Mutex::default(),
            })
        }
    };
    let traces = match &settings.traces {
        None => None,
        Some(to) => {
            let provider = export::tracer_provider(to, resource)?;
            let tracer = provider.tracer("codex-app-server");
            Some((provider, tracer))
        }
    };
    let _ = TELEMETRY.set(Telemetry { metrics, traces });
    count("codex.process.start", &[]);
    Ok(())
}

/// Sends what has been collected, for half a second at most. For the end of the process.
pub async fn flush() {
    let Some(telemetry) = TELEMETRY.get() else {
        return;
    };
    let (done, finished) = tokio::sync::oneshot::channel();
    // The exporters block while they wait for the runtime, so they need a thread that the runtime's end doesn't wait
    // for.
    std::thread::spawn(move || {
        if let Some((provider, _)) = &telemetry.traces {
            let _ = provider.force_flush();
        }
        if let Some(metrics) = &telemetry.metrics {
            let _ = metrics.provider.force_flush();
        }
        let _ = done.send(());
    });
    let _ = tokio::time::timeout(FLUSH_TIME, finished).await;
}

/// Whether metrics are exported: for callers whose attributes cost something.
pub(crate) fn metrics_on() -> bool {
    metrics().is_some()
}

fn metrics() -> Option<&'static Metrics> {
    TELEMETRY.get()?.metrics.as_ref()
}

/// A thread was started, resumed or forked, in a git repository or not.
pub(crate) fn thread_started(is_git: bool) {
    count("codex.thread.started", &[KeyValue::new("is_git", is_git)]);
}

/// Counts one.
pub(crate) fn count(name: &'static str, attributes: &[KeyValue]) {
    add(name, 1, attributes);
}

/// Counts several.
pub(crate) fn add(name: &'static str, value: u64, attributes: &[KeyValue]) {
    if let Some(metrics) = metrics() {
        let mut counters = metrics.counters.lock().unwrap_or_else(PoisonError::into_inner);
        counters
            .entry(name)
            .or_insert_with(|| metrics.meter.u64_counter(name).build())
            .add(value, attributes);
    }
}

/// Records a time in milliseconds.
pub(crate) fn duration(name: &'static str, time: Duration, attributes: &[KeyValue]) {
    record(name, time.as_secs_f64() * 1000.0, attributes);
}

/// Records a number.
pub(crate) fn record(name: &'static str, value: f64, attributes: &[KeyValue]) {
    if let Some(metrics) = metrics() {
        let mut histograms = metrics.histograms.lock().unwrap_or_else(PoisonError::into_inner);
        histograms
            .entry(name)
            .or_insert_with(|| metrics.meter.f64_histogram(name).build())
            .record(value, attributes);
    }
}

/// A span that is exported if traces are. Ends when it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Span(Option<SdkSpan>);

impl Span {
    /// Begins a span now.
    pub(crate) fn start(name: &'static str, attributes: impl FnOnce() -> Vec<KeyValue>) -> Self {
        let traces = TELEMETRY.get().and_then(|t| t.traces.as_ref());
        Self(traces.map(|(_, tracer)| {
            let builder = tracer.span_builder(name).with_attributes(attributes());
            tracer.build(builder.with_start_time(SystemTime::now()))
        }))
    }

    /// Begins a span inside of this one now.
    pub(crate) fn child(&self, name: &'static str, attributes: impl FnOnce() -> Vec<KeyValue>) -> Self {
        let traces = TELEMETRY.get().and_then(|t| t.traces.as_ref());
        Self(self.0.as_ref().zip(traces).map(|(parent, (_, tracer))| {
            let context = Context::new().with_remote_span_context(parent.span_context().clone());
            let builder = tracer.span_builder(name).with_attributes(attributes());
            tracer.build_with_context(builder.with_start_time(SystemTime::now()), &context)
        }))
    }

    /// Marks it as failed.
    pub(crate) fn fail(&mut self, why: &str) {
        if let Some(span) = &mut self.0 {
            span.set_status(Status::error(why.to_owned()));
        }
    }

    /// `traceparent` (W3C Trace Context section 3.2).
    pub(crate) fn traceparent(&self) -> Option<String> {
        let context: &SpanContext = self.0.as_ref()?.span_context();
        let flags = context.trace_flags().to_u8();
        Some(format!(
            "00-{}-{}-{flags:02x}",
            context.trace_id(),
            context.span_id()
        ))
    }
}
