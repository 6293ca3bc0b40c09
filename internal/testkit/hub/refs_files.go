package hub

import (
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// fresh is for how long a file that was just written is read again each time: its
// next write may leave it with the same time and size.
const fresh = 100 * time.Millisecond

// packedRefs is the file packed-refs, which is read again when it changed.
type packedRefs struct {
	path string

	mu   sync.Mutex
	file os.FileInfo
	refs memory
}

// now is what the file holds.
func (p *packedRefs) now() memory {
	p.mu.Lock()
	defer p.mu.Unlock()
	file, err := os.Stat(p.path)
	if err != nil {
		p.file, p.refs = nil, nil
		return nil
	}
	if p.file != nil && same(file, p.file) {
		return p.refs
	}
	data, err := os.ReadFile(p.path)
	if err != nil {
		return nil
	}
	p.refs = nil
	for line := range strings.Lines(string(data)) {
		if oid, name, ok := strings.Cut(strings.TrimSpace(line), " "); ok && isOID(oid) {
			p.refs = append(p.refs, ref{name, oid})
		}
	}
	slices.SortFunc(p.refs, func(a, b ref) int { return strings.Compare(a.name, b.name) })
	if p.file = file; time.Since(file.ModTime()) < fresh {
		p.file = nil
	}
	return p.refs
}

func same(a, b os.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// looseRefs are the files of refs.
type looseRefs struct {
	mu    sync.Mutex
	known map[string]looseRef
}

type looseRef struct {
	file os.FileInfo
	oid  string
}

// read is what such a file holds; "" where there is none.
func (l *looseRefs) read(path string) string {
	file, err := os.Stat(path)
	if err != nil || file.IsDir() {
		return ""
	}
	l.mu.Lock()
	known, ok := l.known[path]
	l.mu.Unlock()
	if ok && same(file, known.file) {
		return known.oid
	}
	data, err := os.ReadFile(path)
	oid := strings.TrimSpace(string(data))
	if err != nil || !isOID(oid) {
		return ""
	}
	if time.Since(file.ModTime()) >= fresh {
		l.mu.Lock()
		l.known[path] = looseRef{file, oid}
		l.mu.Unlock()
	}
	return oid
}
