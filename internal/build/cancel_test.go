package build

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// cancelAt is a log that cancels the build when it gets its line number n.
type cancelAt struct {
	bytes.Buffer
	n      int
	cancel context.CancelCauseFunc
}

func (c *cancelAt) Write(p []byte) (int, error) {
	if c.n--; c.n == 0 {
		c.cancel(errEnough)
	}
	return c.Buffer.Write(p)
}

var errEnough = errors.New("enough")

// Wherever a build is when it is cancelled, it ends with the reason as its error
// and leaves no image. In the log, a line stands before and after all that takes long.
func TestCancelled(t *testing.T) {
	host := registryHost(t)
	push(t, host+"/b", baseImage(t, amd64, nil, archive(t, entry{name: "etc/passwd", text: "app:x:5:6::/:\n"})))
	dir := folder(t, map[string]string{"a": "A", "f.tar": string(archive(t, entry{name: "t", text: "T"})),
		"Dockerfile": "FROM scratch AS one\nCOPY a /\nADD f.tar /\nFROM " + host + "/b\nUSER app\nCOPY --from=one / /\nWORKDIR /w\nLABEL a=1\nCOPY a /z\n"})
	build := func(n int) (string, error) {
		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		log := &cancelAt{n: n, cancel: cancel}
		r := Request{Context: dir, Layout: filepath.Join(t.TempDir(), "l"), Platform: "linux/amd64", Log: log}
		_, err := Native{}.Build(ctx, r)
		_, missing := os.Stat(filepath.Join(r.Layout, "index.json"))
		if (err == nil) != (missing == nil) {
			t.Errorf("cancelled in line %d: %v, but the index: %v", n, err, missing)
		}
		return log.String(), err
	}
	whole, err := build(0)
	must(t, err)
	lines := strings.Split(strings.TrimSpace(whole), "\n")
	if len(lines) < 12 || !strings.Contains(lines[len(lines)-1], "  layer ") {
		t.Fatalf("the log is not what it was:\n%s", whole)
	}
	for n, line := range lines {
		if log, err := build(n + 1); !errors.Is(err, errEnough) || err.Error() != errEnough.Error() || strings.Count(log, "\n") != n+1 {
			t.Errorf("cancelled at %q: got %v, and the log goes on:\n%s", line, err, log)
		}
	}
}

// What is being written when the build is cancelled is not written to its end.
func TestCancelledInTheMiddle(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	var out bytes.Buffer
	w := until(ctx, &out)
	_, err := w.Write([]byte("a"))
	must(t, err)
	cancel(errEnough)
	if n, err := w.Write([]byte("b")); n != 0 || err != errEnough || out.String() != "a" {
		t.Errorf("wrote %q, %v", out.String(), err)
	}
}

func TestCancelledBefore(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errEnough)
	_, err := Native{}.Build(ctx, Request{Context: folder(t, map[string]string{"Dockerfile": "FROM scratch\n"}), Layout: t.TempDir()})
	if !errors.Is(err, errEnough) {
		t.Errorf("got %v", err)
	}
}
