//! `ml-connector erase`: deletes the key of one person, and with it everything that the streams hold of them.

use pipeline::vault;
use problem::{Code, Problem, chain};

use crate::bench;
use crate::run::say;
use crate::settings::Settings;

/// Digits of a person's token.
const TOKEN: usize = 32;

/// Erases a person, or says what that would do.
///
/// # Errors
/// The error to tell the person who ran the verb.
pub(crate) async fn run(settings: &Settings, person: &str, apply: bool, json: bool) -> anyhow::Result<()> {
    if person.len() != TOKEN || !person.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let sentence = format!("`{person}` is not a person's token, which has {TOKEN} hexadecimal digits");
        let remedy = "copy it from a record of the person: the part between the colons in `sealed:1:…:`";
        return Err(Problem::new(Code::ErasurePerson, sentence, remedy).into());
    }
    if !apply {
        let sentence = format!(
            "would delete the key of the person {person}. Nobody can read this person's data in the streams after that; \
             orders that are not booked yet are not booked. Add --apply to delete it."
        );
        return say(&sentence, json);
    }
    let connected = bench::connect(settings, "erase").await?;
    let bucket = connected.bucket(vault::BUCKET).await?;
    let erased = vault::erase(&bucket, person).await.map_err(|e| {
        let sentence = format!("the key of {person} was not deleted: {}", chain(&e));
        Problem::new(Code::ErasureFailed, sentence, "run it as the broker's user `erasure`, who may purge KV_ML_KEYS")
    })?;
    if !erased {
        return say("there is no key of this person", json);
    }
    say("the key is deleted. Services keep used keys in memory: restart them to remove it there.", json)
}
