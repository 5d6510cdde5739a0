//! Dead letters as a person reads them: with the stage, the record, and what to do.

use std::time::{Duration, Instant};

use record::envelope;

use crate::house::House;

#[derive(Debug, Clone)]
pub(crate) struct Letter {
    /// Stage that gave up.
    pub(crate) stage: String,
    pub(crate) code: String,
    /// Subject of the delivery that was given up on, and its sequence.
    pub(crate) origin: String,
    pub(crate) sentence: String,
    pub(crate) remedy: String,
    /// Subject of the change that it follows from, or its own.
    entity_key: String,
}

impl Letter {
    /// Checks whether it is about the order with this key, or about its customer: a guest's command is named by a hash.
    pub(crate) fn is_about(&self, key: &str) -> bool {
        self.entity_key == key || self.origin.contains(".customer.")
    }
}

/// All of them.
pub(crate) async fn letters(house: &House) -> Vec<Letter> {
    let stream = house.jetstream().await.get_stream("DEAD").await.unwrap();
    let state = stream.cached_info().state.clone();
    let mut letters = Vec::new();
    for sequence in state.first_sequence.max(1)..=state.last_sequence {
        let message = stream.direct_get(sequence).await.unwrap();
        let text = |name| envelope::header(&message.headers, name).unwrap_or_default().to_owned();
        let parts: Vec<&str> = message.subject.split('.').collect();
        let ["dead", "main", stage, code, _, key] = parts[..] else { panic!("{}", message.subject) };
        assert_eq!(code, text(envelope::CODE), "the subject and the header");
        letters.push(Letter {
            stage: stage.to_owned(),
            code: code.to_owned(),
            origin: text(envelope::ORIGIN),
            sentence: envelope::decode(&text(envelope::SENTENCE)),
            remedy: envelope::decode(&text(envelope::REMEDY)),
            entity_key: key.to_owned(),
        });
    }
    letters
}

/// Waits for this many.
pub(crate) async fn until_letters(house: &House, count: usize, patience: Duration) -> Vec<Letter> {
    let started = Instant::now();
    loop {
        let letters = letters(house).await;
        if letters.len() >= count {
            return letters;
        }
        assert!(started.elapsed() < patience, "{} of {count} letters: {letters:#?}\n{}", letters.len(), house.logs());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
