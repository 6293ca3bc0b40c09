package archive_test

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/seed-96940006/tagboat/internal/archive"
)

// What cannot be written is no fault of the archive.
func TestNoRoomForAnArchive(t *testing.T) {
	dir, _ := onDisk(t, randomImage(t, 2<<20, 1))
	saved, _ := ofDocker(t)
	oci, docker := onFile(t, ofLayout(t, dir).write(t)), onFile(t, saved.with("more", strings.Repeat("x", 2<<20)).write(t))
	small := t.TempDir()
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 1 << 20, Max: old.Max}); err != nil {
		t.Fatal(err)
	}
	defer syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old)
	for name, test := range map[string]struct{ path, scratch, told string }{
		"a blob":    {oci, small, "file too large"},
		"a file":    {docker, small, "file too large"},
		"no folder": {oci, filepath.Join(small, "none"), "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := archive.Open(t.Context(), test.path, test.scratch, "")
			check(t, err, "E_ARCHIVE", test.told, "has room")
			if strings.Contains(err.Error(), "damaged") {
				t.Errorf("the archive is told to be at fault: %v", err)
			}
		})
	}
}
