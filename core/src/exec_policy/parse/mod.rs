//! The language of `*.rules`: as much of Starlark as rules need. Comments, strings, lists, `+`, names for values, and
//! calls of `prefix_rule`, `host_executable` and `network_rule`; no other functions, no `if`, no loops.

mod call;
mod lexer;

use std::collections::BTreeMap;

use self::lexer::{Placed, Token, tokens};
use super::RuleSet;

/// Brackets within brackets.
const MAX_DEPTH: usize = 16;

/// Strings that a value may consist of, and bytes that they may have together: `+` makes values grow fast.
const MAX_VALUE: (usize, usize) = (10_000, 1 << 20);

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ParseError {
    /// Line, from 1.
    pub(super) line: usize,
    /// What is wrong.
    pub(super) message: String,
}

/// Reads a file. With an error come the rules that stand before it.
pub(super) fn parse(source: &str) -> (RuleSet, Option<ParseError>) {
    let (tokens, mistake) = tokens(source);
    let mut parser = Parser {
        tokens: &tokens,
        at: 0,
        names: BTreeMap::new(),
        rules: RuleSet::default(),
    };
    let result = parser.statements();
    let error = match (result, mistake) {
        // A mistake cuts the tokens short, so what the parser misses at their end is no news.
        (Err(error), Some(_)) if parser.at < tokens.len() => Some(error),
        (_, Some((line, message))) => Some(ParseError { line, message }),
        (result, None) => result.err(),
    };
    (parser.rules, error)
}

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    None,
    Bool,
    Text(String),
    List(Vec<Value>),
}

impl Value {
    /// Strings and bytes.
    fn size(&self) -> (usize, usize) {
        match self {
            Self::None | Self::Bool => (1, 0),
            Self::Text(text) => (1, text.len()),
            Self::List(values) => values
                .iter()
                .map(Self::size)
                .fold((1, 0), |sum, size| (sum.0 + size.0, sum.1 + size.1)),
        }
    }
}

/// The arguments of a call: without names, then with names.
#[derive(Debug, Default)]
struct Arguments {
    unnamed: Vec<Value>,
    named: Vec<(String, Value)>,
}

struct Parser<'t> {
    tokens: &'t [Placed],
    at: usize,
    names: BTreeMap<String, Value>,
    rules: RuleSet,
}

impl Parser<'_> {
    fn statements(&mut self) -> Result<(), ParseError> {
        while self.at < self.tokens.len() {
            if self.take(&Token::End) {
                continue;
            }
            self.statement()?;
            if self.at < self.tokens.len() && !self.take(&Token::End) {
                return Err(self.error("expected the end of the line"));
            }
        }
        Ok(())
    }

    fn statement(&mut self) -> Result<(), ParseError> {
        let line = self.line();
        let name = match self.peek() {
            Some(Token::Name(name)) => name.clone(),
            // A text that stands alone is a comment.
            Some(Token::Text(_)) => return self.expression(0).map(drop),
            _ => return Err(self.error("expected a rule")),
        };
        self.at += 1;
        if name == "pass" {
            return Ok(());
        }
        if self.take(&Token::Sign('=')) {
            let value = self.expression(0)?;
            self.names.insert(name, value);
            return Ok(());
        }
        if !self.take(&Token::Sign('(')) {
            return Err(mistake_at(
                line,
                format!("`{name}` is not supported in rules files"),
            ));
        }
        let arguments = self.arguments()?;
        call::call(&name, arguments, &mut self.rules).map_err(|message| ParseError { line, message })
    }

    fn arguments(&mut self) -> Result<Arguments, ParseError> {
        let mut arguments = Arguments::default();
        loop {
            if self.take(&Token::Sign(')')) {
                return Ok(arguments);
            }
            let name = match (self.peek(), self.tokens.get(self.at + 1)) {
                (Some(Token::Name(name)), Some((Token::Sign('='), _))) => Some(name.clone()),
                _ => None,
            };
            match name {
                Some(name) => {
                    self.at += 2;
                    if arguments.named.iter().any(|(known, _)| *known == name) {
                        return Err(self.error(&format!("`{name}` is given twice")));
                    }
                    let value = self.expression(0)?;
                    arguments.named.push((name, value));
                }
                None if arguments.named.is_empty() => {
                    let value = self.expression(0)?;
                    arguments.unnamed.push(value);
                }
                None => return Err(self.error("arguments without a name come first")),
            }
            if !self.take(&Token::Sign(',')) && self.peek() != Some(&Token::Sign(')')) {
                return Err(self.error("expected `,` or `)`"));
            }
        }
    }

    fn expression(&mut self, depth: usize) -> Result<Value, ParseError> {
        let mut value = self.primary(depth)?;
        while self.take(&Token::Sign('+')) {
            let other = self.primary(depth)?;
            value = match (value, other) {
                (Value::Text(text), Value::Text(more)) => Value::Text(text + &more),
                (Value::List(mut values), Value::List(more)) => {
                    values.extend(more);
                    Value::List(values)
                }
                _ => return Err(self.error("only two strings, or two lists, can be added")),
            };
            let (strings, bytes) = value.size();
            if strings > MAX_VALUE.0 || bytes > MAX_VALUE.1 {
                return Err(self.error("the value is too large"));
            }
        }
        Ok(value)
    }

    fn primary(&mut self, depth: usize) -> Result<Value, ParseError> {
        if depth > MAX_DEPTH {
            return Err(self.error("too many brackets within brackets"));
        }
        let Some(token) = self.peek().cloned() else {
            return Err(self.error("the file ends too early"));
        };
        self.at += 1;
        match token {
            Token::Text(text) => Ok(Value::Text(text)),
            Token::Name(name) => match name.as_str() {
                "None" => Ok(Value::None),
                "True" | "False" => Ok(Value::Bool),
                _ => match self.names.get(&name) {
                    Some(value) => Ok(value.clone()),
                    None => Err(self.error_before(&format!("`{name}` is not known here"))),
                },
            },
            Token::Sign('[') => self.list(']', Vec::new(), depth).map(Value::List),
            Token::Sign('(') => {
                if self.take(&Token::Sign(')')) {
                    return Ok(Value::List(Vec::new()));
                }
                let value = self.expression(depth + 1)?;
                if self.take(&Token::Sign(')')) {
                    return Ok(value);
                }
                if !self.take(&Token::Sign(',')) {
                    return Err(self.error("expected `,` or `)`"));
                }
                self.list(')', vec![value], depth).map(Value::List)
            }
            _ => Err(self.error_before("expected a string or a list")),
        }
    }

    fn list(&mut self, end: char, mut values: Vec<Value>, depth: usize) -> Result<Vec<Value>, ParseError> {
        let end = Token::Sign(end);
        loop {
            if self.take(&end) {
                return Ok(values);
            }
            values.push(self.expression(depth + 1)?);
            if values.len() > MAX_VALUE.0 {
                return Err(self.error("the list is too long"));
            }
            if !self.take(&Token::Sign(',')) && self.peek() != Some(&end) {
                return Err(self.error("expected `,` or the end of the list"));
            }
        }
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(token, _)| token)
    }

    fn take(&mut self, token: &Token) -> bool {
        let is_next = self.peek() == Some(token);
        self.at += usize::from(is_next);
        is_next
    }

    fn line(&self) -> usize {
        let here = self.tokens.get(self.at).or(self.tokens.last());
        here.map_or(1, |(_, line)| *line)
    }

    fn error(&self, message: &str) -> ParseError {
        mistake_at(self.line(), message.to_owned())
    }

    fn error_before(&self, message: &str) -> ParseError {
        let line = self
            .tokens
            .get(self.at.saturating_sub(1))
            .map_or(1, |(_, line)| *line);
        mistake_at(line, message.to_owned())
    }
}

fn mistake_at(line: usize, message: String) -> ParseError {
    ParseError { line, message }
}

/// A rule that allows what begins with these words, as a line of a file.
pub(super) fn allow_line(words: &[String]) -> String {
    let words: Vec<_> = words.iter().map(|word| quoted(word)).collect();
    format!(
        "prefix_rule(pattern=[{}], decision=\"allow\")\n",
        words.join(", ")
    )
}

fn quoted(text: &str) -> String {
    use std::fmt::Write as _;

    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests;
