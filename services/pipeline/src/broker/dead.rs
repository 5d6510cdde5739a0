//! Dead letters: the whole delivery as it was, with a code, a sentence, what to do, and the attempts.

use async_nats::HeaderMap;
use bytes::Bytes;

use crate::envelope::{self, Cause, Envelope, derived_id, header, text};
use crate::problem::Problem;

use super::last::Last;
use super::take::Delivery;
use super::{Broker, Put, PutError, streams};

/// Headers of the delivery that its dead letter keeps.
const KEPT: [&str; 8] = [
    "Content-Type",
    "Content-Encoding",
    "traceparent",
    envelope::VERSION,
    envelope::SOURCE_UPDATED,
    envelope::KIND,
    envelope::LANE,
    "ce-type",
];

/// Characters of a sentence at most: it may quote what a vendor wrote.
const LONGEST: usize = 4_000;

/// Writes the dead letter of a record that could not be read at its source, so that there is no delivery of it.
/// `subject` is the one of its changes.
///
/// # Errors
/// As [`put`].
pub async fn put_unread(broker: &Broker, stage: &str, subject: String, problem: &Problem) -> Result<(), Problem> {
    let (headers, payload, stored_at) = (HeaderMap::new(), Bytes::new(), crate::clock::now_millis());
    let delivery = Delivery { subject, headers, payload, sequence: 0, delivered: 1, stored_at };
    put(broker, stage, &delivery, problem).await?;
    metrics::counter!("ml_dead_total", "consumer" => stage.to_owned(), "code" => problem.code.clone()).increment(1);
    tracing::error!(subject = delivery.subject, code = %problem.code, sentence = problem.sentence, "dead letter");
    Ok(())
}

/// Writes the dead letter of a delivery, unless it is the last one of its subject already.
///
/// # Errors
/// When the broker does not answer, or does not confirm it.
pub async fn put(broker: &Broker, stage: &str, delivery: &Delivery, problem: &Problem) -> Result<(), Problem> {
    let sequence = delivery.sequence.to_string();
    let subject = broker.subjects.dead(stage, &problem.code, &delivery.subject);
    let last = Last::of(&broker.jetstream, streams::DEAD).await?.get(&subject).await?;
    if last.is_some_and(|entry| header(&entry.headers, envelope::ORIGIN_SEQUENCE) == Some(sequence.as_str())) {
        return Ok(());
    }
    let id = derived_id(&["dead", stage, &delivery.subject, &sequence, &problem.code]);
    let envelope = Envelope { id: &id, source: stage, kind: "ml.dead", content_type: envelope::PROTOBUF };
    let mut headers = envelope.headers(&Cause::of(&delivery.headers));
    for name in KEPT {
        if let Some(value) = text(&delivery.headers, name) {
            envelope::set(&mut headers, name, &value);
        }
    }
    envelope::set(&mut headers, envelope::CODE, &problem.code);
    envelope::set(&mut headers, envelope::SENTENCE, &envelope::encode(cut(&problem.sentence)));
    envelope::set(&mut headers, envelope::REMEDY, &envelope::encode(&problem.remedy));
    envelope::set(&mut headers, envelope::ATTEMPTS, &delivery.delivered.to_string());
    envelope::set(&mut headers, envelope::ORIGIN, &delivery.subject);
    envelope::set(&mut headers, envelope::ORIGIN_SEQUENCE, &sequence);
    let put = Put { subject, headers, payload: delivery.payload.clone(), expect_last: None };
    let publisher = broker.publisher(streams::DEAD);
    match publisher.put(put.clone()).await {
        // The body just fitted without what a dead letter adds; it still stands where it came from.
        Err(PutError::TooLarge) => publisher.put(Put { payload: Bytes::new(), ..put }).await?,
        stored => stored?,
    };
    Ok(())
}

/// The beginning of a long text.
fn cut(text: &str) -> &str {
    text.char_indices().nth(LONGEST).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}
