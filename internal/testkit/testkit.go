// Package testkit is the outside world on loopback: a container registry and a
// git host that speak the real protocols, have the troubles of real ones when they
// are told to, and fail the test on what they were not taught. It is imported by
// tests only.
package testkit
