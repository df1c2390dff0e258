"""Writers of moving pictures, a format a file: frames of pixels to bytes."""
