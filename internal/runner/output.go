package runner

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// Output is one named result of a command.
type Output struct{ Name, Value string }

// Outputs hands results on. In Actions they go to the step's output file, each
// value between delimiters drawn anew, so that no value can forge another
// output. Elsewhere they are `name=value` lines on stdout, where a value of
// several lines, or one that begins with a quote, is a JSON string; or, asJSON,
// one JSON object.
func (r *Runner) Outputs(outputs []Output, asJSON bool) error {
	if file := r.getenv("GITHUB_OUTPUT"); file != "" {
		var b bytes.Buffer
		for _, o := range outputs {
			end := "end_" + rand.Text()
			fmt.Fprintf(&b, "%s<<%s\n%s\n%s\n", o.Name, end, o.Value, end)
		}
		if err := appendTo(file, b.Bytes()); err != nil {
			return err
		}
	}
	switch {
	case asJSON:
		return r.outputObject(outputs)
	case r.InActions: // the log is no place for values that are already in the file
		return nil
	}
	for _, o := range outputs {
		value := o.Value
		if strings.ContainsAny(value, "\r\n") || strings.HasPrefix(value, `"`) {
			value = quote(value)
		}
		if _, err := fmt.Fprintf(r.data, "%s=%s\n", o.Name, value); err != nil {
			return err
		}
	}
	return nil
}

func (r *Runner) outputObject(outputs []Output) error {
	var b strings.Builder
	for i, o := range outputs {
		b.WriteString(map[bool]string{true: "{", false: ",\n "}[i == 0])
		fmt.Fprintf(&b, "%s: %s", quote(o.Name), quote(o.Value))
	}
	_, err := fmt.Fprintln(r.data, b.String()+"}")
	return err
}

func quote(s string) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string always has a JSON form
	return strings.TrimSuffix(b.String(), "\n")
}

// Print writes a document to stdout.
func (r *Runner) Print(document []byte) error {
	_, err := r.data.Write(document)
	return err
}

// summaryLimit is what the runner accepts for one step; of a larger file it
// shows nothing at all.
const summaryLimit = 1 << 20

// Summary shows Markdown on the page of the run. Outside Actions it does nothing:
// people have read the log.
func (r *Runner) Summary(markdown string) error {
	file := r.getenv("GITHUB_STEP_SUMMARY")
	if file == "" {
		return nil
	}
	markdown = r.Redact(markdown)
	if len(markdown) > summaryLimit {
		const note = "\n\n… cut: a summary holds at most 1 MiB\n"
		markdown = strings.ToValidUTF8(markdown[:summaryLimit-len(note)], "") + note
	}
	return appendTo(file, []byte(markdown))
}

// appendTo adds to a file of the runner.
func appendTo(file string, data []byte) (err error) {
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err == nil {
		_, err = f.Write(data)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return fault.New("E_RUNNER_FILE", "the step must be able to write to the files that the runner names", err)
	}
	return nil
}

// oneByOne keeps lines that are written at once apart.
type oneByOne struct {
	mu sync.Mutex
	to io.Writer
}

func (w *oneByOne) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.to.Write(p)
}

// lineWriter passes a program's output on, whole lines at a time.
type lineWriter struct {
	r    *Runner
	mu   sync.Mutex // uploads report from many goroutines
	part []byte     // of a line whose end has not come yet
}

func (w *lineWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.part = append(w.part, p...)
	for {
		line, rest, whole := bytes.Cut(w.part, []byte("\n"))
		if !whole {
			return len(p), nil
		}
		w.part = rest
		if err := w.r.line(string(line)); err != nil {
			return len(p), err
		}
	}
}

func (w *lineWriter) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.part) == 0 {
		return nil
	}
	line := string(w.part)
	w.part = nil
	return w.r.line(line)
}
