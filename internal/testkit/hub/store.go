package hub

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/seed-96940006/tagboat/internal/testkit"
)

// The types of git's objects.
const (
	kindBlob   = "blob"
	kindTree   = "tree"
	kindCommit = "commit"
	kindTag    = "tag"
)

// object is one of git's, without its header.
type object struct {
	kind string
	data []byte
}

// store reads and writes the objects of one repository without starting a program
// for each: loose files are read and written here, packs are read by one
// git cat-file that stays.
type store struct {
	tb   testing.TB
	dir  string // the repository's folder objects
	pack *packs

	mu    sync.RWMutex
	cache map[string]object

	commits sync.Map // those that were read, by their ids
}

// small is the size up to which objects stay in memory.
const small = 64 << 10

func newStore(tb testing.TB, r *testkit.GitRepo) *store {
	return &store{tb: tb, dir: filepath.Join(r.Dir, "objects"), pack: newPacks(tb, r), cache: map[string]object{}}
}

// get reads an object; false where there is none with this id.
func (s *store) get(oid string) (object, bool) {
	s.mu.RLock()
	o, ok := s.cache[oid]
	s.mu.RUnlock()
	if ok || !isOID(oid) {
		return o, ok
	}
	if o, ok = s.loose(oid); !ok {
		o, ok = s.pack.get(oid)
	}
	if ok {
		s.keep(oid, o)
	}
	return o, ok
}

// load reads objects at once that are going to be asked for.
func (s *store) load(oids []string) {
	s.mu.RLock()
	var missing []string
	for _, oid := range oids {
		if _, ok := s.cache[oid]; !ok && isOID(oid) {
			missing = append(missing, oid)
		}
	}
	s.mu.RUnlock()
	if len(missing) > 0 {
		s.pack.each(missing, s.keep)
	}
}

// kind is the type of an object, "" where there is none with this id.
func (s *store) kind(oid string) string {
	o, _ := s.get(oid)
	return o.kind
}

func (s *store) keep(oid string, o object) {
	if len(o.data) > small {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cache[oid] = o
}

func (s *store) loose(oid string) (object, bool) {
	f, err := os.Open(filepath.Join(s.dir, oid[:2], oid[2:]))
	if err != nil {
		return object{}, false
	}
	defer f.Close()
	z, err := zlib.NewReader(f)
	if err != nil {
		return object{}, false
	}
	raw, err := io.ReadAll(z)
	header, data, found := bytes.Cut(raw, []byte{0})
	kind, _, _ := bytes.Cut(header, []byte(" "))
	return object{string(kind), data}, err == nil && found
}

// put writes an object and gives its id.
func (s *store) put(kind string, data []byte) string {
	header := kind + " " + strconv.Itoa(len(data)) + "\x00"
	hash := sha1.New()
	io.WriteString(hash, header)
	hash.Write(data)
	oid := hex.EncodeToString(hash.Sum(nil))
	if _, ok := s.get(oid); ok {
		return oid
	}
	if err := s.write(oid, header, data); err != nil {
		s.tb.Errorf("hub: object %s: %v", oid, err)
	}
	s.keep(oid, object{kind, data})
	return oid
}

func (s *store) write(oid, header string, data []byte) error {
	dir := filepath.Join(s.dir, oid[:2])
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "tmp_obj_")
	if err != nil {
		return err
	}
	z, _ := zlib.NewWriterLevel(f, zlib.BestSpeed)
	io.WriteString(z, header)
	z.Write(data)
	if err := z.Close(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), filepath.Join(dir, oid[2:]))
}

// zero is the id of nothing: of a ref that does not exist.
const zero = "0000000000000000000000000000000000000000"

// isOID reports whether s has the form of an object id.
func isOID(s string) bool {
	if len(s) != 40 {
		return false
	}
	for _, c := range s {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func short(oid string) string { return fmt.Sprintf("%.7s", oid) }
