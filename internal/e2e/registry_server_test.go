//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
)

// server is a registry as a program of its own, which can be killed and started
// once more with what it has on disk.
type server struct {
	t      *testing.T
	name   string
	config string
	cmd    *exec.Cmd
	ended  chan struct{}

	mu   sync.Mutex
	host string
}

// startServer starts distribution or docker-registry, for everybody and without TLS,
// with its data in a folder.
func startServer(t *testing.T, name, data string) *server {
	t.Helper()
	s := &server{t: t, name: name, config: filepath.Join(t.TempDir(), "config.yml")}
	text := fmt.Sprintf("version: 0.1\nlog: {level: info}\nstorage:\n  filesystem: {rootdirectory: %q}\nhttp:\n  addr: 127.0.0.1:0\n", data)
	check(t, os.WriteFile(s.config, []byte(text), 0o600))
	s.start()
	t.Cleanup(s.kill)
	return s
}

// start waits for the line that tells the port, which is another one each time.
func (s *server) start() {
	s.t.Helper()
	log := &serverLog{listens: make(chan string, 1)}
	s.cmd = exec.Command(s.name, "serve", s.config)
	s.cmd.Env = append(os.Environ(), "OTEL_TRACES_EXPORTER=none")
	s.cmd.Stdout, s.cmd.Stderr = log, log
	if err := s.cmd.Start(); err != nil {
		s.t.Error(err)
		return
	}
	s.ended = make(chan struct{})
	go func(cmd *exec.Cmd, ended chan struct{}) {
		cmd.Wait()
		close(ended)
	}(s.cmd, s.ended)
	select {
	case host := <-log.listens:
		s.mu.Lock()
		defer s.mu.Unlock()
		s.host = host
	case <-s.ended:
		s.t.Errorf("%s has ended: %s", s.name, log)
	}
}

// address is where it is now.
func (s *server) address() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.host
}

// kill ends it as a crash does.
func (s *server) kill() {
	s.cmd.Process.Kill()
	<-s.ended
}

// listening is what both programs write once they can be asked.
var listening = regexp.MustCompile(`listening on (127\.0\.0\.1:[0-9]+)[",]`)

// serverLog waits for that line.
type serverLog struct {
	listens chan string

	mu   sync.Mutex
	text bytes.Buffer
	told bool
}

func (l *serverLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Write(p)
	if found := listening.FindSubmatch(l.text.Bytes()); !l.told && found != nil {
		l.told = true
		l.listens <- string(found[1])
	}
	return len(p), nil
}

func (l *serverLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
