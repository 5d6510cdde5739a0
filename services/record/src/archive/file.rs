//! A file of an archive: written once, synced, and read line by line.

use std::fs;
use std::io::{self, BufRead as _, BufReader, BufWriter, Read as _, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::entry::Archived;
use super::manifest::File;
use super::{ArchiveError, Mark};

/// How hard it is compressed: what is more takes the time of the disk many times over.
const LEVEL: i32 = 9;
/// A line is not longer: an entry has 8 MB, and a control character takes six letters.
const LONGEST: u64 = 64 * 1024 * 1024;

/// Counts and digests what passes.
struct Tee<W> {
    inner: W,
    digest: Sha256,
    bytes: u64,
}

impl<W: Write> Write for Tee<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(buffer)?;
        let Some(part) = buffer.get(..written) else { return Ok(written) };
        self.digest.update(part);
        self.bytes += part.len() as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// A file that is written.
pub struct Out {
    path: PathBuf,
    to: zstd::Encoder<'static, Tee<BufWriter<fs::File>>>,
    digest: Sha256,
    file: File,
}

impl std::fmt::Debug for Out {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Out").field("file", &self.file).finish_non_exhaustive()
    }
}

impl Out {
    /// Begins the file of `stream` in a folder.
    ///
    /// # Errors
    /// When it cannot be made, or is there already.
    pub fn create(folder: &Path, stream: &str) -> Result<Self, ArchiveError> {
        let name = format!("{stream}.jsonl.zst");
        let path = folder.join(&name);
        let file = fs::File::create_new(&path).map_err(ArchiveError::io(&path))?;
        let to = Tee { inner: BufWriter::new(file), digest: Sha256::new(), bytes: 0 };
        let to = zstd::Encoder::new(to, LEVEL).map_err(ArchiveError::io(&path))?;
        let file = File { stream: stream.to_owned(), file: name, ..File::default() };
        Ok(Self { path, to, digest: Sha256::new(), file })
    }

    /// Adds an entry; they come in the order of the stream.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn add(&mut self, entry: &Archived) -> Result<(), ArchiveError> {
        let wrong = |e: serde_json::Error| ArchiveError::Io { path: self.path.clone(), error: e.into() };
        let mut line = serde_json::to_vec(entry).map_err(wrong)?;
        line.push(b'\n');
        self.to.write_all(&line).map_err(ArchiveError::io(&self.path))?;
        self.digest.update(&line);
        self.file.note(entry.mark(), line.len() as u64);
        Ok(())
    }

    /// Ends it; returns when it is on disk.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn finish(self) -> Result<File, ArchiveError> {
        let Self { path, to, digest, mut file } = self;
        let io = |error| ArchiveError::Io { path: path.clone(), error };
        let Tee { inner, digest: of_file, bytes } = to.finish().map_err(io)?;
        let written = inner.into_inner().map_err(|e| io(e.into_error()))?;
        written.sync_all().map_err(io)?;
        (file.file_bytes, file.sha256) = (bytes, hex::encode(of_file.finalize()));
        file.content_sha256 = hex::encode(digest.finalize());
        Ok(file)
    }
}

/// Reads the entries of a file, in order.
pub struct Lines {
    path: PathBuf,
    from: BufReader<zstd::Decoder<'static, BufReader<fs::File>>>,
    digest: Sha256,
    last: Option<Mark>,
}

impl std::fmt::Debug for Lines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lines").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Lines {
    /// Opens a file.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(path: &Path) -> Result<Self, ArchiveError> {
        let file = fs::File::open(path).map_err(ArchiveError::io(path))?;
        let from = BufReader::new(zstd::Decoder::new(file).map_err(ArchiveError::io(path))?);
        Ok(Self { path: path.to_owned(), from, digest: Sha256::new(), last: None })
    }

    fn line(&mut self) -> Result<Option<Archived>, ArchiveError> {
        let damaged = |why: String| ArchiveError::damaged(&self.path, why);
        let mut line = Vec::new();
        let read = (&mut self.from).take(LONGEST).read_until(b'\n', &mut line);
        let after = self.last.map_or_else(String::new, |last| format!(" after entry {}", last.sequence));
        if read.map_err(|e| damaged(format!("it cannot be read{after}: {e}")))? == 0 {
            return Ok(None);
        }
        self.digest.update(&line);
        if line.last() != Some(&b'\n') {
            return Err(damaged(format!("a line is cut off{after}")));
        }
        let entry: Archived =
            serde_json::from_slice(&line).map_err(|e| damaged(format!("a line is none{after}: {e}")))?;
        if self.last.is_some_and(|last| last.sequence >= entry.sequence) {
            return Err(damaged(format!("entry {} stands{after}", entry.sequence)));
        }
        self.last = Some(entry.mark());
        Ok(Some(entry))
    }

    /// The digest of all that was read.
    #[must_use]
    pub fn digest(self) -> String {
        hex::encode(self.digest.finalize())
    }
}

impl Iterator for Lines {
    type Item = Result<Archived, ArchiveError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.line().transpose()
    }
}

/// The digest of a file as it lies there.
pub(super) fn digest(path: &Path) -> Result<String, ArchiveError> {
    let mut file = fs::File::open(path).map_err(ArchiveError::io(path))?;
    let (mut digest, mut buffer) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut buffer).map_err(ArchiveError::io(path))? {
            0 => return Ok(hex::encode(digest.finalize())),
            read => digest.update(buffer.get(..read).unwrap_or_default()),
        }
    }
}
