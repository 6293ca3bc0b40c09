package testkit

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/seed-96940006/tagboat/internal/run"
)

// Program is Docker's own registry, docker-registry of Debian, as a program of its
// own on 127.0.0.1.
type Program struct {
	Dir               string // of its blobs; "" is a folder of the test
	User, Password    string // of those who may use it; "" lets everybody in
	CertFile, KeyFile string // for TLS; "" is plain HTTP
	ReadOnly          bool
}

// Start lets it run until the test ends, and gives its 127.0.0.1:port. Whether the
// program is there is for the caller to find out.
func (p Program) Start(t testing.TB) (host string) {
	t.Helper()
	config := filepath.Join(t.TempDir(), "config.yml")
	if err := os.WriteFile(config, []byte(p.config(t)), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	log := &programLog{listens: make(chan string, 1)}
	ended := make(chan error, 1)
	go func() {
		ended <- run.Run(ctx, run.Command{
			Name: "docker-registry", Args: []string{"serve", config}, Env: []string{"OTEL_TRACES_EXPORTER=none"},
			Stdout: log, Stderr: log,
		})
	}()
	select {
	case host = <-log.listens:
	case err := <-ended:
		stop()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		<-ended
	})
	return host
}

// config is its configuration, with a port that the system chooses.
func (p Program) config(t testing.TB) string {
	t.Helper()
	dir := p.Dir
	if dir == "" {
		dir = t.TempDir()
	}
	text := fmt.Sprintf("version: 0.1\nlog: {level: info}\nstorage:\n  filesystem: {rootdirectory: %q}\n  delete: {enabled: true}\n", dir)
	if p.ReadOnly {
		text += "  maintenance: {readonly: {enabled: true}}\n"
	}
	text += "http:\n  addr: 127.0.0.1:0\n"
	if p.CertFile != "" {
		text += fmt.Sprintf("  tls: {certificate: %q, key: %q}\n", p.CertFile, p.KeyFile)
	}
	if p.User != "" {
		text += fmt.Sprintf("auth: {htpasswd: {realm: testkit, path: %q}}\n", p.htpasswd(t))
	}
	return text
}

// htpasswd makes the file of users, whose passwords the registry wants in bcrypt.
func (p Program) htpasswd(t testing.TB) string {
	t.Helper()
	line, err := run.Output(t.Context(), run.Command{
		Name: "htpasswd", Args: []string{"-niB", p.User}, Stdin: strings.NewReader(p.Password),
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "htpasswd")
	if err := os.WriteFile(path, bytes.TrimSpace(line), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// programLog waits for the line that tells the port.
type programLog struct {
	listens chan string

	mu   sync.Mutex
	text []byte
	told bool
}

func (l *programLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.told {
		return len(p), nil
	}
	l.text = append(l.text, p...)
	_, rest, _ := strings.Cut(string(l.text), `listening on 127.0.0.1:`)
	if port, _, whole := strings.Cut(rest, `"`); whole {
		port, _, _ = strings.Cut(port, ",")
		l.told = true
		l.listens <- "127.0.0.1:" + port
	}
	return len(p), nil
}
