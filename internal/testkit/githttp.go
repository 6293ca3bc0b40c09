package testkit

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-96940006/tagboat/internal/run"
)

// GitBackend answers git over HTTP for the repositories below a folder: git's own
// http-backend, which asks nobody for a token.
type GitBackend struct {
	Root string // folder with the repositories

	tb   testing.TB
	path string // of git-http-backend
}

// NewGitBackend makes a backend with an empty folder of its own.
func NewGitBackend(tb testing.TB) *GitBackend {
	tb.Helper()
	libexec, err := run.Output(context.Background(), run.Command{Name: "git", Args: []string{"--exec-path"}})
	if err != nil {
		tb.Fatal(err)
	}
	return &GitBackend{Root: tb.TempDir(), tb: tb, path: filepath.Join(strings.TrimSpace(string(libexec)), "git-http-backend")}
}

// Repo makes an empty repository that is served at /name.git. It serves partial
// fetches.
func (b *GitBackend) Repo(name string) *GitRepo {
	b.tb.Helper()
	r := NewGitRepo(b.tb, filepath.Join(b.Root, name+".git"), "--bare")
	config, err := os.OpenFile(filepath.Join(r.Dir, "config"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		b.tb.Fatal(err)
	}
	defer config.Close()
	if _, err := config.WriteString(served); err != nil {
		b.tb.Fatal(err)
	}
	return r
}

// served is the configuration of a repository on a host.
const served = "[uploadpack]\n\tallowFilter = true\n[http]\n\treceivepack = true\n[gc]\n\tauto = 0\n"

// Answer serves one request whose body was read. The whole body, since CGI takes
// no chunked one.
func (b *GitBackend) Answer(r *http.Request, body []byte) *httptest.ResponseRecorder {
	r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
	env := append(gitEnv(), "GIT_PROJECT_ROOT="+b.Root, "GIT_HTTP_EXPORT_ALL=1", "GIT_PROTOCOL="+r.Header.Get("Git-Protocol"))
	answer := httptest.NewRecorder()
	(&cgi.Handler{Path: b.path, Env: env}).ServeHTTP(answer, r)
	return answer
}
