//! The rules of docs/style.md that a program can check, applied to every source of the repository. A finding names the
//! file and the line, and says what to do. Beside each rule stands a test that shows it failing on a made-up source.

mod circles;
mod comments;
mod decisions;
mod dependencies;
mod documents;
mod errors;
mod finding;
mod http;
mod layers;
mod length;
mod manifest;
mod modules;
mod paths;
mod permissions;
mod source;
mod words;
