package hub

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/seed-96940006/tagboat/internal/run"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

// packs reads the objects that git itself stored, by one git cat-file that is
// started when it is first needed and ends with the test.
type packs struct {
	tb   testing.TB
	repo *testkit.GitRepo

	mu   sync.Mutex
	ask  *os.File
	read *bufio.Reader
}

func newPacks(tb testing.TB, r *testkit.GitRepo) *packs {
	p := &packs{tb: tb, repo: r}
	tb.Cleanup(p.stop)
	return p
}

// start connects two pipes to the program. They are files, so that nothing is
// copied by a goroutine in between.
func (p *packs) start() error {
	stdin, ask, err := os.Pipe()
	if err != nil {
		return err
	}
	answers, stdout, err := os.Pipe()
	if err != nil {
		return err
	}
	c := p.repo.Command("cat-file", "--batch")
	c.Stdin, c.Stdout = stdin, stdout
	go func() {
		if err := run.Run(context.Background(), c); err != nil {
			fmt.Fprintln(os.Stderr, "hub:", err)
		}
		stdin.Close()
		stdout.Close()
	}()
	p.ask, p.read = ask, bufio.NewReaderSize(answers, 64<<10)
	p.tb.Cleanup(func() { answers.Close() })
	return nil
}

func (p *packs) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ask != nil {
		p.ask.Close() // the program ends at the end of its input
		io.Copy(io.Discard, p.read)
	}
}

// get reads one object; false where there is none.
func (p *packs) get(oid string) (object, bool) {
	var o object
	found := false
	p.each([]string{oid}, func(_ string, one object) { o, found = one, true })
	return o, found
}

// each reads objects and calls visit for those that are there. All are asked for
// before the first one is read, so that nobody waits for anybody.
func (p *packs) each(oids []string, visit func(oid string, o object)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ask == nil {
		if err := p.start(); err != nil {
			p.tb.Errorf("hub: git cat-file: %v", err)
			return
		}
	}
	asked := make(chan error, 1)
	go func() {
		_, err := io.WriteString(p.ask, strings.Join(oids, "\n")+"\n")
		asked <- err
	}()
	for _, oid := range oids {
		o, found, err := p.answer()
		if err != nil {
			p.tb.Errorf("hub: git cat-file %s: %v", oid, err)
			return
		}
		if found {
			visit(oid, o)
		}
	}
	if err := <-asked; err != nil {
		p.tb.Errorf("hub: git cat-file: %v", err)
	}
}

// answer reads what the program says of one object.
func (p *packs) answer() (object, bool, error) {
	line, err := p.read.ReadString('\n')
	if err != nil {
		return object{}, false, err
	}
	if strings.HasSuffix(line, " missing\n") {
		return object{}, false, nil
	}
	var id string
	var o object
	var size int
	if _, err := fmt.Sscanf(line, "%s %s %d\n", &id, &o.kind, &size); err != nil {
		return object{}, false, fmt.Errorf("%q: %w", line, err)
	}
	o.data = make([]byte, size+1) // and a newline
	_, err = io.ReadFull(p.read, o.data)
	o.data = o.data[:size]
	return o, true, err
}
