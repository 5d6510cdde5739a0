//! Dead letters: the whole delivery as it was, with a code, a sentence, what to do, and the attempts.

use crate::envelope::{self, Cause, Envelope, derived_id, header};
use crate::problem::Problem;

use super::last::Last;
use super::take::Delivery;
use super::{Broker, Put, streams};

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
        if let Some(value) = delivery.headers.get(name) {
            headers.insert(name, value.clone());
        }
    }
    headers.insert(envelope::CODE, problem.code.as_ref());
    headers.insert(envelope::SENTENCE, envelope::encode(&problem.sentence).as_str());
    headers.insert(envelope::REMEDY, envelope::encode(&problem.remedy).as_str());
    headers.insert(envelope::ATTEMPTS, delivery.delivered.to_string().as_str());
    headers.insert(envelope::ORIGIN, delivery.subject.as_str());
    headers.insert(envelope::ORIGIN_SEQUENCE, sequence.as_str());
    let put = Put { subject, headers, payload: delivery.payload.clone(), expect_last: None };
    broker.publisher(streams::DEAD).put(put).await?;
    Ok(())
}
