//! The writer processes: starts them, reads their answers, kills and restarts them.

use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::answer::{Acknowledged, Answer, Outcome};
use super::readers::Progress;
use super::writer;
use crate::BenchError;

/// All writer processes.
pub(crate) struct Writers {
    kills: Vec<Arc<Notify>>,
    stop: CancellationToken,
    tasks: JoinSet<Result<Vec<Answer>, BenchError>>,
}

impl Writers {
    /// This many, with these arguments except for their numbers.
    pub(crate) fn start(
        count: u32,
        arguments: &writer::Arguments,
        progress: &Arc<Progress>,
    ) -> Result<Self, BenchError> {
        let program = std::env::current_exe()?;
        let (stop, mut tasks, mut kills) = (CancellationToken::new(), JoinSet::new(), Vec::new());
        for number in 0..count {
            let kill = Arc::<Notify>::default();
            kills.push(kill.clone());
            let (program, stop, progress) = (program.clone(), stop.clone(), progress.clone());
            let mut arguments = writer::Arguments { writer: number, ..arguments.clone() };
            tasks.spawn(async move {
                let mut answers = Vec::new();
                loop {
                    let mut command = Command::new(&program);
                    command.args(arguments.to_words()).env("DATABASE_URL", &arguments.url);
                    command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
                    let last = live(command.spawn()?, &mut answers, &kill, &stop, &progress).await?;
                    if last {
                        return Ok(answers);
                    }
                    arguments.life += 1;
                }
            });
        }
        Ok(Self { kills, stop, tasks })
    }

    /// Sends SIGKILL to one of them; it restarts.
    pub(crate) fn kill(&self, writer: usize) {
        self.kills[writer].notify_one();
    }

    /// Waits for an unexpected end of a writer.
    pub(crate) async fn failed(&mut self) -> BenchError {
        match self.tasks.join_next().await {
            None => std::future::pending().await,
            Some(Ok(Err(error))) => error,
            Some(Ok(Ok(_))) => "a writer ended before it was told to".into(),
            Some(Err(panic)) => panic.into(),
        }
    }

    /// Lets them finish what is in flight; returns their answers.
    pub(crate) async fn stop(mut self) -> Result<Vec<Answer>, BenchError> {
        self.stop.cancel();
        let mut answers = Vec::new();
        while let Some(task) = self.tasks.join_next().await {
            answers.append(&mut task??);
        }
        Ok(answers)
    }
}

/// Runs one writer process to its end; true if it was told to end.
async fn live(
    mut child: Child,
    answers: &mut Vec<Answer>,
    kill: &Notify,
    stop: &CancellationToken,
    progress: &Progress,
) -> Result<bool, BenchError> {
    let stdout = child.stdout.take().ok_or("a child has the pipes it was given")?;
    let (mut stdin, mut killed) = (child.stdin.take(), false);
    let mut lines = BufReader::new(stdout).lines();
    loop {
        tokio::select! {
            line = lines.next_line() => match line? {
                Some(line) => answers.push(hear(&line, progress)?),
                None => break,
            },
            () = kill.notified(), if !killed => {
                child.start_kill()?;
                killed = true;
            }
            // It ends when its stdin closes.
            () = stop.cancelled(), if stdin.is_some() => stdin = None,
        }
    }
    let status: ExitStatus = child.wait().await?;
    if !killed && !status.success() {
        return Err(format!("a writer ended by itself: {status}").into());
    }
    Ok(stdin.is_none())
}

fn hear(line: &str, progress: &Progress) -> Result<Answer, BenchError> {
    let answer: Answer = serde_json::from_str(line).map_err(|e| format!("a writer said {line:?}: {e}"))?;
    if let Outcome::Acknowledged(Acknowledged { last, .. }) = &answer.outcome {
        progress.acknowledged.fetch_max(*last, Ordering::SeqCst);
    }
    Ok(answer)
}
