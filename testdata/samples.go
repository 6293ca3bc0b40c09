// Package testdata holds the samples that the demo plays with and the tests
// read: an application with a Dockerfile, and an infra repository.
package testdata

import "embed"

// Samples has the folders app and infra.
//
//go:embed all:app all:infra
var Samples embed.FS
