//! The exporters: OTLP over HTTP, by the same network stack as everything else.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{MetricExporter, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::Handle;

use super::settings::{OtelError, Target};
use crate::net::body;
use crate::net::body::BodyLimit;
use crate::net::client::network;

/// How much of a collector's answer is read, and for how long.
const ANSWER_LIMIT: BodyLimit = BodyLimit {
    bytes: 1 << 20,
    time: Duration::from_secs(10),
};

/// What all metrics and spans have in common.
pub(super) fn resource(environment: &str) -> Resource {
    Resource::builder_empty()
        .with_attributes([
            KeyValue::new("service.name", "codex-app-server"),
            KeyValue::new("service.version", crate::CONTRACT_VERSION),
            KeyValue::new("env", environment.to_owned()),
            KeyValue::new("os", std::env::consts::OS),
            KeyValue::new("os_version", crate::sys::kernel_version()),
        ])
        .build()
}

fn failed(error: impl fmt::Display) -> OtelError {
    OtelError::Exporter(error.to_string())
}

/// Metrics to a target, once a minute and at the end.
pub(super) fn meter_provider(to: &Target, resource: Resource) -> Result<SdkMeterProvider, OtelError> {
    let exporter = MetricExporter::builder()
        .with_http()
        .with_http_client(Client(Handle::current()))
        .with_endpoint(&to.endpoint)
        .with_protocol(to.protocol)
        .with_headers(to.headers.clone())
        .build()
        .map_err(failed)?;
    Ok(SdkMeterProvider::builder()
        .with_resource(resource)
        .with_periodic_exporter(exporter)
        .build())
}

/// Spans to a target, in batches.
pub(super) fn tracer_provider(to: &Target, resource: Resource) -> Result<SdkTracerProvider, OtelError> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Client(Handle::current()))
        .with_endpoint(&to.endpoint)
        .with_protocol(to.protocol)
        .with_headers(to.headers.clone())
        .build()
        .map_err(failed)?;
    Ok(SdkTracerProvider::builder()
        .with_resource(resource)
        .with_batch_exporter(exporter)
        .build())
}

/// Sends on the engine's runtime: the exporters' own threads have none.
struct Client(Handle);

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

impl HttpClient for Client {
    fn send_bytes<'life0, 'async_trait>(
        &'life0 self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        let sending = self.0.spawn(send(request));
        Box::pin(async move { sending.await? })
    }
}

async fn send(request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let client = network().http_client(&request.uri().to_string()).await?;
    let answer = client.execute(request.try_into()?).await?;
    let mut response = Response::builder().status(answer.status());
    if let Some(headers) = response.headers_mut() {
        headers.clone_from(answer.headers());
    }
    Ok(response.body(body::read(answer, ANSWER_LIMIT).await?.into())?)
}
