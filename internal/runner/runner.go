// Package runner speaks the protocol of the GitHub Actions runner: the event and
// the context come in; outputs, summary, masks, groups and annotations go out.
// It is the only place that knows GITHUB_* names. Outside Actions the same calls
// talk to a person at a terminal.
//
// It follows docs.github.com, "Workflow commands for GitHub Actions" and
// "Variables reference", and what the runner's source does where they are silent.
package runner

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/sethvargo/go-githubactions"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// Runner is the machine that runs a step, or a person's. What is printed and
// masked may come from many goroutines.
type Runner struct {
	Context
	action *githubactions.Action
	getenv func(string) string
	data   io.Writer // stdout: values for programs
	people io.Writer // stderr: progress and errors for people, and commands for the runner

	mu      sync.RWMutex
	secrets []string
}

// Context is what the environment says about the run. Every field but Temp and
// ServerURL is "" where it says nothing; the URLs have no slash at the end. None
// is made from another: where the API of a server is, only the server knows.
type Context struct {
	InActions  bool
	EventName  string
	EventPath  string
	Ref        string
	SHA        string // a pull request's test merge, or the tip of the ref
	Repository string // owner/name
	ServerURL  string // https://github.com, or that of the enterprise server
	APIURL     string // https://api.github.com; "" of a server whose API the environment does not name
	GraphQLURL string // https://api.github.com/graphql; "" as APIURL
	Actor      string // login of who triggered the run
	ActorID    string // number of that account
	Temp       string // folder for files of the job, emptied after it
	RunURL     string // page of this run
}

// github is the server where the environment names none.
const github = "https://github.com"

// New reads the environment through getenv. Values for programs go to data,
// everything for people to people.
func New(getenv func(string) string, data, people io.Writer) *Runner {
	people = &oneByOne{to: people}
	action := githubactions.New(githubactions.WithWriter(people), githubactions.WithGetenv(getenv))
	r := &Runner{action: action, getenv: getenv, data: data, people: people}
	r.Context = Context{
		InActions:  getenv("GITHUB_ACTIONS") == "true",
		EventName:  getenv("GITHUB_EVENT_NAME"),
		EventPath:  getenv("GITHUB_EVENT_PATH"),
		Ref:        getenv("GITHUB_REF"),
		SHA:        getenv("GITHUB_SHA"),
		Repository: getenv("GITHUB_REPOSITORY"),
		ServerURL:  strings.TrimSuffix(cmp.Or(getenv("GITHUB_SERVER_URL"), github), "/"),
		APIURL:     strings.TrimSuffix(getenv("GITHUB_API_URL"), "/"),
		GraphQLURL: strings.TrimSuffix(getenv("GITHUB_GRAPHQL_URL"), "/"),
		Actor:      getenv("GITHUB_ACTOR"),
		ActorID:    getenv("GITHUB_ACTOR_ID"),
		Temp:       cmp.Or(getenv("RUNNER_TEMP"), os.TempDir()),
	}
	if r.ServerURL == github {
		r.APIURL = cmp.Or(r.APIURL, "https://api.github.com")
		r.GraphQLURL = cmp.Or(r.GraphQLURL, "https://api.github.com/graphql")
	}
	if id := getenv("GITHUB_RUN_ID"); id != "" && r.Repository != "" {
		r.RunURL = r.ServerURL + "/" + r.Repository + "/actions/runs/" + id
	}
	return r
}

// Event is what triggered the run. name and file are given by a person who
// replays a payload; where both are empty the runner's own are read, and where
// there is none of those either the event is ByHand.
func (r *Runner) Event(name, file string) (Event, error) {
	name, file = cmp.Or(name, r.EventName), cmp.Or(file, r.EventPath)
	switch {
	case name == "" && file == "":
		return Event{Name: ByHand, Repository: r.Repository}, nil
	case name == "":
		return Event{}, fault.Newf("E_EVENT_NAME", "say what the payload is of: `--event-name push`",
			"the payload %s has no event name", file)
	case file == "":
		return Event{}, badPayload(name, "no file is named")
	}
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return Event{}, badPayload(name, "there is no file "+file)
	}
	if err != nil {
		return Event{}, badPayload(name, err.Error())
	}
	e, err := ParseEvent(name, data)
	if err != nil {
		return Event{}, err
	}
	e.Repository = cmp.Or(e.Repository, r.Repository)
	if file == r.EventPath { // the runner's own words on its own event
		e.Ref, e.Commit = cmp.Or(e.Ref, r.Ref), cmp.Or(e.Commit, r.SHA)
	}
	return e, nil
}

// Mask hides a secret, and each line of it, in everything that is printed from
// now on: by the runner in Actions, and by Redact here.
func (r *Runner) Mask(secrets ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range secrets {
		if strings.TrimSpace(s) == "" || slices.Contains(r.secrets, s) {
			continue
		}
		if r.InActions {
			r.action.AddMask(s)
		}
		r.secrets = append(r.secrets, s)
		for line := range strings.Lines(s) {
			// A line of a few characters stands in any text; hiding it would hide nothing else.
			if line = strings.TrimSpace(line); len(line) >= 4 && line != s {
				r.secrets = append(r.secrets, line)
			}
		}
	}
}

// Redact replaces every masked secret in s by ***.
func (r *Runner) Redact(s string) string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, secret := range r.secrets {
		s = strings.ReplaceAll(s, secret, "***")
	}
	return s
}

// Group begins a part of the log that the runner folds; end closes it. Groups do not nest.
func (r *Runner) Group(title string) (end func()) {
	if r.InActions {
		r.action.Group(title)
		return r.action.EndGroup
	}
	fmt.Fprintf(r.people, "\n── %s\n", title)
	return func() {}
}

// Printf prints a line for people, or several; what comes from outside cannot
// make a command to the runner of them.
func (r *Runner) Printf(format string, args ...any) {
	for line := range strings.Lines(fmt.Sprintf(format, args...) + "\n") {
		r.line(strings.TrimSuffix(line, "\n")) // a closed stderr is no reason to stop
	}
}

// line prints one line without secrets. In Actions, a line that would be a
// command is disarmed: one that begins with :: is set back by a mark that people
// read over, and ##[, which counts anywhere in a line, is taken apart.
func (r *Runner) line(text string) error {
	text = r.Redact(strings.TrimSuffix(text, "\r"))
	if r.InActions {
		text = strings.ReplaceAll(strings.ReplaceAll(text, "##[", "## ["), "\r", " ")
		if strings.HasPrefix(strings.TrimSpace(text), "::") {
			text = "| " + text
		}
	}
	_, err := fmt.Fprintln(r.people, text)
	return err
}

// Writer is where a program's own output goes for people to read, line by line:
// secrets are hidden, and in Actions no line of it can be a command to the
// runner. Close prints a last line that has no end.
func (r *Runner) Writer() io.WriteCloser { return &lineWriter{r: r} }

// Fail reports an error: an annotation in Actions, two lines on a terminal.
func (r *Runner) Fail(f *fault.Fault) { r.report(f, "error") }

// Warn reports what did not stop the run.
func (r *Runner) Warn(f *fault.Fault) { r.report(f, "warning") }

func (r *Runner) report(f *fault.Fault, level string) {
	if !r.InActions {
		r.Printf("%s: %s [%s]", level, f.Error(), f.Code)
		if f.Hint != "" {
			r.Printf(" hint: %s", f.Hint)
		}
		return
	}
	place := map[string]string{"title": f.Code}
	if f.File != "" {
		place["file"] = f.File
	}
	if f.Line > 0 {
		place["line"] = fmt.Sprint(f.Line)
	}
	annotate := r.action.WithFieldsMap(place).Errorf
	if level == "warning" {
		annotate = r.action.WithFieldsMap(place).Warningf
	}
	annotate("%s", r.Redact(f.Error()))
	if f.Hint != "" {
		r.Printf("hint: %s", f.Hint)
	}
}
