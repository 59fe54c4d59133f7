"""The world of a running ecosystem: sockets, scene, chat and screenshots."""
