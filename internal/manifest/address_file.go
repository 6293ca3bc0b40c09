package manifest

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// fieldsByFile groups the addresses, and refuses a file that is both YAML and
// text to them.
func fieldsByFile(all []Address) (map[string][]Address, []error) {
	var faults []error
	grouped := map[string][]Address{}
	for _, a := range all {
		if !slices.Contains(grouped[a.file], a) {
			grouped[a.file] = append(grouped[a.file], a)
		}
	}
	for _, file := range slices.Sorted(maps.Keys(grouped)) {
		some := grouped[file]
		other := slices.IndexFunc(some, func(a Address) bool { return a.isText() != some[0].isText() })
		if other > 0 {
			faults = append(faults, mixed("%s and %s address one file, one as YAML and one as text", some[0], some[other]).At(file, 0))
			delete(grouped, file)
		}
	}
	return grouped, faults
}

func mixed(format string, args ...any) *fault.Fault {
	return fault.Newf("E_FIELD", "address every field of the file by its path, or all of them by regexps", format, args...)
}

// readAddressed reads the files of addresses that were not met yet.
func (e *edit) readAddressed(files fs.FS) error {
	for _, file := range slices.Sorted(maps.Keys(e.fields)) {
		if e.met[file] {
			continue
		}
		info, err := fs.Lstat(files, file)
		if err != nil || !info.Mode().IsRegular() {
			e.missing(files, file, info)
			continue
		}
		src, err := fs.ReadFile(files, file)
		if err != nil {
			return fmt.Errorf("read the manifests: %w", err)
		}
		if err := e.read(file, src); err != nil {
			return err
		}
	}
	return nil
}

// missing notes that addresses lead to no file.
func (e *edit) missing(files fs.FS, file string, info fs.FileInfo) {
	wrong, hint := "there is no such file", "name the file from the root of the repository; `exclude` may leave it out"
	switch {
	case info != nil && info.IsDir():
		wrong, hint = "it is a folder", "name a file in it"
	case info != nil:
		wrong, hint = "it is no regular file", "name the file that it leads to"
	default:
		if like := likelyFile(files, file); like != "" {
			hint = fmt.Sprintf("did you mean %s?", like)
		}
	}
	for _, a := range e.fields[file] {
		e.fault(file, 0, fault.Newf("E_FIELD_MISSING", hint, "field %q: %s", a, wrong))
	}
}

// likelyFile is the file whose name is nearest, "" where none is near. The same
// name in another folder is as near as a letter.
func likelyFile(files fs.FS, wanted string) string {
	stopped := stop{wanted: wanted}
	_ = fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			stopped.options = append(stopped.options, hop{step: key(name)})
		}
		return nil
	})
	if likely := stopped.likely(); likely != nil {
		return likely.key
	}
	return ""
}
