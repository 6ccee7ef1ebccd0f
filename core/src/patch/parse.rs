//! The text of a patch.

use std::path::PathBuf;

const BEGIN: &str = "*** Begin Patch";
const END: &str = "*** End Patch";
pub(super) const ADD: &str = "*** Add File: ";
pub(super) const DELETE: &str = "*** Delete File: ";
pub(super) const UPDATE: &str = "*** Update File: ";
pub(super) const MOVE_TO: &str = "*** Move to: ";
const END_OF_FILE: &str = "*** End of File";
const ENVIRONMENT: &str = "*** Environment ID: ";

/// A patch as the model wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Patch {
    /// Its files, in the order of the text.
    pub(crate) sections: Vec<FileSection>,
    /// The environment that it asks for.
    pub(crate) environment: Option<String>,
}

/// What a patch does to one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FileSection {
    /// Writes a file, whether or not there is one.
    Add {
        /// As written.
        path: PathBuf,
        /// All of it.
        content: String,
    },
    /// Removes a file.
    Delete {
        /// As written.
        path: PathBuf,
    },
    /// Changes a file.
    Update {
        /// As written.
        path: PathBuf,
        /// The new name, as written.
        move_to: Option<PathBuf>,
        /// The changes, from the top of the file to its end.
        chunks: Vec<Chunk>,
    },
}

/// One place of a file that changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// A line above the place.
    pub(crate) context: Option<String>,
    /// The lines of the place, old and new.
    pub(crate) lines: Vec<ChunkLine>,
    /// The place is the end of the file.
    pub(crate) at_end: bool,
}

/// A line of a chunk, without its mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ChunkLine {
    /// Stays.
    Context(String),
    /// Goes.
    Removed(String),
    /// Comes.
    Added(String),
}

/// Why a text is no patch. The words are for the model, which is to do better.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ParseError {
    /// The beginning is missing.
    #[error("invalid patch: The first line of the patch must be '*** Begin Patch'")]
    NoBegin,
    /// The end is missing.
    #[error("invalid patch: The last line of the patch must be '*** End Patch'")]
    NoEnd,
    /// Between sections stands something else.
    #[error(
        "invalid hunk at line {line}, '{text}' is not a valid hunk header. Valid hunk headers: '*** Add File: {{path}}', \
         '*** Delete File: {{path}}', '*** Update File: {{path}}'"
    )]
    NotAHeader {
        /// Number of the line, from 1.
        line: usize,
        /// The line.
        text: String,
    },
    /// An update that changes nothing.
    #[error("invalid hunk at line {line}, Update file hunk for path '{path}' is empty")]
    EmptyUpdate {
        /// Number of the section's first line.
        line: usize,
        /// As written.
        path: String,
    },
    /// A line of a chunk has no mark.
    #[error(
        "invalid hunk at line {line}, Unexpected line found in update hunk: '{text}'. Every line should start with ' ' \
         (context line), '+' (added line), or '-' (removed line)"
    )]
    NotAChunkLine {
        /// Number of the line.
        line: usize,
        /// The line.
        text: String,
    },
    /// `@@` with nothing behind it.
    #[error("invalid hunk at line {line}, Update hunk does not contain any lines")]
    EmptyChunk {
        /// Number of the line with `@@`.
        line: usize,
    },
}

/// Reads a patch. Blanks around it and a here-document around it are passed over.
pub(crate) fn parse(text: &str) -> Result<Patch, ParseError> {
    let text = without_here_document(text.trim());
    let lines: Vec<&str> = text.lines().collect();
    let [first, middle @ .., last] = &lines[..] else {
        return Err(if is(text, BEGIN) {
            ParseError::NoEnd
        } else {
            ParseError::NoBegin
        });
    };
    if !is(first, BEGIN) {
        return Err(ParseError::NoBegin);
    }
    if !is(last, END) {
        return Err(ParseError::NoEnd);
    }
    let mut reader = Reader {
        lines: middle,
        next: 0,
    };
    let environment = reader.take_if(|line| line.trim().strip_prefix(ENVIRONMENT));
    let environment = environment.map(|id| id.trim().to_owned());
    let mut sections = Vec::new();
    while reader.skip_blank() {
        sections.push(reader.section()?);
    }
    Ok(Patch {
        sections,
        environment,
    })
}

/// The body of `<<'EOF' … EOF`, if the text is that.
fn without_here_document(text: &str) -> &str {
    let body = || {
        let (first, rest) = text.split_once('\n')?;
        let word = first.trim().strip_prefix("<<")?.trim_matches(['\'', '"']);
        let body = rest.trim_end().strip_suffix(word)?;
        (!word.is_empty() && body.ends_with('\n')).then(|| body.trim())
    };
    body().unwrap_or(text)
}

fn is(line: &str, marker: &str) -> bool {
    line.trim() == marker
}

struct Reader<'a> {
    /// Those between the first and the last.
    lines: &'a [&'a str],
    next: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.lines.get(self.next).copied()
    }

    /// Number of the next line in the whole patch.
    fn number(&self) -> usize {
        self.next + 2
    }

    fn take_if<T>(&mut self, take: impl FnOnce(&'a str) -> Option<T>) -> Option<T> {
        let taken = take(self.peek()?)?;
        self.next += 1;
        Some(taken)
    }

    /// Whether there is more than blank lines.
    fn skip_blank(&mut self) -> bool {
        while self
            .take_if(|line| line.trim().is_empty().then_some(()))
            .is_some()
        {}
        self.peek().is_some()
    }

    fn section(&mut self) -> Result<FileSection, ParseError> {
        let line = self.number();
        let header = self.peek().unwrap_or_default();
        self.next += 1;
        let text = header.trim();
        if let Some(path) = text.strip_prefix(ADD) {
            return Ok(FileSection::Add {
                path: path.into(),
                content: self.content(),
            });
        }
        if let Some(path) = text.strip_prefix(DELETE) {
            return Ok(FileSection::Delete { path: path.into() });
        }
        if let Some(path) = text.strip_prefix(UPDATE) {
            return self.update(path, line);
        }
        Err(ParseError::NotAHeader {
            line,
            text: text.to_owned(),
        })
    }

    /// The lines of a new file.
    fn content(&mut self) -> String {
        let mut content = String::new();
        while let Some(line) = self.take_if(|line| line.strip_prefix('+')) {
            content.push_str(line);
            content.push('\n');
        }
        content
    }

    fn update(&mut self, path: &str, line: usize) -> Result<FileSection, ParseError> {
        let move_to = self.take_if(|line| line.trim().strip_prefix(MOVE_TO).map(PathBuf::from));
        let mut chunks: Vec<Chunk> = Vec::new();
        while let Some(text) = self.peek() {
            // What is blank between the last line of a chunk and the next section belongs to neither.
            if text.starts_with("*** ") || text.trim().is_empty() && self.rest_is_blank_or_section() {
                break;
            }
            chunks.push(self.chunk(chunks.is_empty())?);
        }
        if chunks.is_empty() {
            return Err(ParseError::EmptyUpdate {
                line,
                path: path.to_owned(),
            });
        }
        Ok(FileSection::Update {
            path: path.into(),
            move_to,
            chunks,
        })
    }

    /// Whether only blank lines are left before the next section or the end.
    fn rest_is_blank_or_section(&self) -> bool {
        let mut rest = self.lines[self.next..]
            .iter()
            .skip_while(|line| line.trim().is_empty());
        rest.next().is_none_or(|line| line.starts_with("*** "))
    }

    fn chunk(&mut self, is_first: bool) -> Result<Chunk, ParseError> {
        let line = self.number();
        let mut chunk = Chunk::default();
        let marked = self.take_if(|line| match line.trim_end() {
            "@@" => Some(None),
            text => text.strip_prefix("@@ ").map(|context| Some(context.to_owned())),
        });
        match marked {
            Some(context) => chunk.context = context,
            None if is_first => {}
            None => return Err(self.not_a_chunk_line()),
        }
        while let Some(text) = self.peek() {
            let parsed = match text.as_bytes().first() {
                None => ChunkLine::Context(String::new()),
                Some(b' ') => ChunkLine::Context(text[1..].to_owned()),
                Some(b'+') => ChunkLine::Added(text[1..].to_owned()),
                Some(b'-') => ChunkLine::Removed(text[1..].to_owned()),
                _ if is(text, END_OF_FILE) => {
                    self.next += 1;
                    chunk.at_end = true;
                    break;
                }
                _ if text.starts_with("*** ") || text.starts_with("@@") => break,
                _ => return Err(self.not_a_chunk_line()),
            };
            chunk.lines.push(parsed);
            self.next += 1;
        }
        if chunk.lines.is_empty() {
            return Err(ParseError::EmptyChunk { line });
        }
        Ok(chunk)
    }

    fn not_a_chunk_line(&self) -> ParseError {
        ParseError::NotAChunkLine {
            line: self.number(),
            text: self.peek().unwrap_or_default().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wrong(text: &str) -> String {
        parse(text).unwrap_err().to_string()
    }

    #[test]
    fn sections_of_all_kinds_are_read() {
        let patch = parse(
            "\n*** Begin Patch\n*** Add File: a\n+1\n+\n*** Delete File: b\n*** Update File: c\n*** Move to: d\n@@ fn x\n \
             keep\n-old\n+new\n\n@@\n+end\n*** End of File\n*** End Patch  \n",
        )
        .unwrap();
        let context = |text: &str| ChunkLine::Context(text.into());
        let chunks = vec![
            Chunk {
                context: Some("fn x".into()),
                lines: vec![
                    context("keep"),
                    ChunkLine::Removed("old".into()),
                    ChunkLine::Added("new".into()),
                    context(""),
                ],
                at_end: false,
            },
            Chunk {
                context: None,
                lines: vec![ChunkLine::Added("end".into())],
                at_end: true,
            },
        ];
        assert_eq!(
            patch.sections,
            [
                FileSection::Add {
                    path: "a".into(),
                    content: "1\n\n".into()
                },
                FileSection::Delete { path: "b".into() },
                FileSection::Update {
                    path: "c".into(),
                    move_to: Some("d".into()),
                    chunks
                },
            ]
        );
    }

    #[test]
    fn a_here_document_and_line_ends_of_windows_are_passed_over() {
        let plain = "*** Begin Patch\n*** Update File: a\n-x\n+y\n*** End Patch";
        let expected = parse(plain).unwrap();
        for wrapped in [
            format!("<<'EOF'\n{plain}\nEOF"),
            format!("<<EOF\n{plain}\nEOF\n"),
            format!("<<\"X\"\n{plain}\nX"),
            plain.replace('\n', "\r\n"),
        ] {
            assert_eq!(parse(&wrapped).as_ref(), Ok(&expected), "{wrapped}");
        }
    }

    #[test]
    fn an_environment_is_told() {
        let patch =
            parse("*** Begin Patch\n*** Environment ID: far\n*** Delete File: a\n*** End Patch").unwrap();
        assert_eq!(patch.environment.as_deref(), Some("far"));
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        assert_eq!(
            wrong(""),
            "invalid patch: The first line of the patch must be '*** Begin Patch'"
        );
        assert_eq!(wrong("```\n*** Begin Patch\n*** End Patch\n```"), wrong(""));
        assert_eq!(
            wrong("*** Begin Patch\n*** Add File: a\n+x"),
            "invalid patch: The last line of the patch must be '*** End Patch'"
        );
        assert_eq!(
            wrong("*** Begin Patch\nhello\n*** End Patch"),
            "invalid hunk at line 2, 'hello' is not a valid hunk header. Valid hunk headers: '*** Add File: {path}', \
             '*** Delete File: {path}', '*** Update File: {path}'"
        );
        assert_eq!(
            wrong("*** Begin Patch\n*** Update File: a\n*** Move to: b\n*** End Patch"),
            "invalid hunk at line 2, Update file hunk for path 'a' is empty"
        );
        assert_eq!(
            wrong("*** Begin Patch\n*** Update File: a\n@@\n-x\n?y\n*** End Patch"),
            "invalid hunk at line 5, Unexpected line found in update hunk: '?y'. Every line should start with ' ' (context \
             line), '+' (added line), or '-' (removed line)"
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(\\*\\*\\* (Begin Patch|End Patch|Add File: a|Update File: b|Move to: c|End of File)\n|@@( x)?\n|[-+ ?]?[ab]{0,2}\n|<<EOF\n|EOF\n){0,12}") {
            let _ = parse(&text);
        }
    }
}
