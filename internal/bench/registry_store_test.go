package bench

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/seed-96940006/tagboat/internal/testkit"
)

// store is docker-registry of Debian, a program of its own.
type store struct {
	host string // 127.0.0.1:port
	dir  string
}

// newStore starts one that keeps its blobs below a folder.
func newStore(b *testing.B, below string) store {
	b.Helper()
	needs(b, "docker-registry")
	dir, err := os.MkdirTemp(below, "registry-")
	if err != nil {
		b.Fatal(err)
	}
	return store{testkit.Program{Dir: dir}.Start(b), dir}
}

// empty forgets everything. The program keeps nothing in its own memory.
func (s store) empty(b *testing.B) {
	b.Helper()
	if err := os.RemoveAll(filepath.Join(s.dir, "docker")); err != nil {
		b.Fatal(err)
	}
}

// needs skips a benchmark where a program is missing.
func needs(b *testing.B, programs ...string) {
	b.Helper()
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			b.Skipf("%v; `.ci/bench` installs it", err)
		}
	}
}

// roomy is a folder in memory, if so many bytes fit in there, or else on disk.
func roomy(b *testing.B, size uint64) string {
	b.Helper()
	var memory syscall.Statfs_t
	if syscall.Statfs("/dev/shm", &memory) == nil && memory.Bavail*uint64(memory.Bsize) > size {
		return inMemory(b)
	}
	b.Log("there is no room in /dev/shm: blobs are on disk")
	return b.TempDir()
}
