package hub

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// change moves one ref.
type change struct {
	name string
	old  string // what it must hold; "" is anything, zero that it must not exist
	new  string // zero deletes it
}

// moved says that a ref is not where it was expected.
type moved struct{ name, now, expected string }

func (m moved) Error() string {
	return fmt.Sprintf("ref %s is at %s but expected %s", m.name, m.now, m.expected)
}

// nested says that a ref cannot be made, since another one has the name of its
// folder, or is in a folder of its name.
type nested struct{ name, other string }

func (n nested) Error() string { return fmt.Sprintf("%s exists; cannot create %s", n.other, n.name) }

// update makes all changes or none.
func (d files) update(changes ...change) error {
	changes = slices.Clone(changes)
	slices.SortFunc(changes, func(a, b change) int { return strings.Compare(a.name, b.name) })
	var locks []string
	defer func() {
		for _, lock := range locks {
			os.Remove(lock)
		}
	}()
	for _, c := range changes {
		if err := d.fits(c, changes); err != nil {
			return err
		}
		lock, err := d.lock(c.name)
		if err != nil {
			return err
		}
		locks = append(locks, lock)
		if now := d.get(c.name); c.old != "" && c.old != now && (c.old != zero || now != "") {
			return moved{c.name, now, c.old}
		}
	}
	for i, c := range changes {
		if err := d.apply(c, locks[i]); err != nil {
			return err
		}
	}
	return nil
}

// fits reports whether no other ref is in the way of a name.
func (d files) fits(c change, changes []change) error {
	if c.new == zero || d.get(c.name) != "" {
		return nil
	}
	goes := func(name string) bool {
		return slices.ContainsFunc(changes, func(c change) bool { return c.name == name && c.new == zero })
	}
	for _, r := range d.list(c.name + "/") {
		if !goes(r.name) {
			return nested{c.name, r.name}
		}
	}
	for dir := filepath.Dir(c.name); dir != "refs" && dir != "."; dir = filepath.Dir(dir) {
		if d.get(dir) != "" && !goes(dir) {
			return nested{c.name, dir}
		}
	}
	return nil
}

// lock takes git's lock of a file, waiting for who has it.
func (d files) lock(name string) (string, error) {
	path := filepath.Join(d.dir, name)
	lock := path + ".lock"
	var last error
	for range 400 {
		os.MkdirAll(filepath.Dir(path), 0o755) // git removes empty folders meanwhile
		f, err := os.OpenFile(lock, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		if err == nil {
			return lock, f.Close()
		}
		last = err
		time.Sleep(5 * time.Millisecond)
	}
	return "", last
}

func (d files) apply(c change, lock string) error {
	path := filepath.Join(d.dir, c.name)
	if c.new != zero {
		if err := os.WriteFile(lock, []byte(c.new+"\n"), 0o644); err != nil {
			return err
		}
		removeEmpty(path) // a folder of refs that are gone
		return os.Rename(lock, path)
	}
	if err := d.unpack(c.name); err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return err
	}
	return nil
}

// unpack takes a ref out of packed-refs.
func (d files) unpack(name string) error {
	if d.packs.now().get(name) == "" {
		return nil
	}
	lock, err := d.lock("packed-refs")
	if err != nil {
		return err
	}
	data, err := os.ReadFile(filepath.Join(d.dir, "packed-refs"))
	if err != nil {
		os.Remove(lock)
		return err
	}
	var b strings.Builder
	skip := false
	for line := range strings.Lines(string(data)) {
		peeled := strings.HasPrefix(line, "^")
		if !peeled {
			skip = strings.HasSuffix(strings.TrimSpace(line), " "+name)
		}
		if !skip {
			b.WriteString(line)
		}
	}
	if err := os.WriteFile(lock, []byte(b.String()), 0o644); err != nil {
		os.Remove(lock)
		return err
	}
	return os.Rename(lock, filepath.Join(d.dir, "packed-refs"))
}

// removeEmpty removes a folder that holds nothing but folders.
func removeEmpty(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if e.IsDir() {
			removeEmpty(filepath.Join(dir, e.Name()))
		}
	}
	os.Remove(dir)
}
