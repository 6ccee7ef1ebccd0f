//! Shell scripts as far as their text tells what they run, by the grammar of tree-sitter-bash.
//!
//! The grammar accepts more than a shell does, and reads some blanks otherwise. So it only says where commands and
//! words are: what stands between them is looked at ([`split`]), and each word is read by a lexer of our own.

mod grammar;
mod scan;
mod split;
mod word;

use tree_sitter::Tree;

pub(crate) use self::scan::{Found, Word};
pub(crate) use self::split::{Plain, Simple};

/// Longest script that is looked at, in bytes.
const MAX_SCRIPT: usize = 64 * 1024;

/// A script that was read.
#[derive(Debug)]
pub(crate) struct ShellScript<'s> {
    source: &'s str,
    tree: Option<Tree>,
}

impl<'s> ShellScript<'s> {
    /// Reads a script: about 50 µs for a line, 100 ms at most.
    pub(crate) fn parse(source: &'s str) -> Self {
        let tree = (source.len() <= MAX_SCRIPT)
            .then(|| grammar::parse(source))
            .flatten();
        Self { source, tree }
    }

    /// As it was written.
    pub(crate) fn source(&self) -> &'s str {
        self.source
    }

    /// The script as simple commands, joined by `&&`, `||`, `;`, `|` or line ends, if it is nothing else.
    pub(crate) fn plain(&self) -> Option<Plain> {
        split::split(self.source, self.tree.as_ref()?.root_node())
    }

    /// Every command that stands anywhere in the script, and what else may matter.
    pub(crate) fn scan(&self) -> Found {
        match &self.tree {
            Some(tree) => scan::scan(self.source, tree.root_node()),
            None => Found::unreadable(),
        }
    }
}
